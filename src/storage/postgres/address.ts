// The database's URL as people write it for libpq: with several hosts where one takes over from another.
// The driver knows one host, so each becomes a URL of its own. No message repeats a part of the text:
// it may hold a password.

export interface Endpoint {
  /** Without user and password, for the log. */
  readonly name: string;
  readonly url: string;
}

/** What cannot be read in a URL, in a sentence for whoever wrote it. */
export class AddressError extends Error {
  override readonly name = "AddressError";
}

/** More is a mistake: each is asked whenever the primary is looked for. */
const hostsMax = 16;
const form = /^(postgres(?:ql)?:\/\/)((?:[^/?#]*@)?)([^/?#@]*)((?:\/[^?#]*)?)(?:\?([^#]*))?$/;
const hostForm = /^(\[[0-9A-Fa-f:.]+\]|[^:[\]]*)(?::(\d{1,5}))?$/;
/** Coffer writes, so it never wants another server than one that takes writes. */
const attributes: ReadonlySet<string> = new Set(["read-write", "primary"]);

export function endpointsOf(text: string): readonly Endpoint[] {
  const match = form.exec(text);
  if (match === null) throw new AddressError("database must be a URL: postgres://USER@HOST/NAME");
  const [, scheme = "", user = "", authority = "", path = "", query = ""] = match;
  const parameters = new URLSearchParams(query);
  const wanted = parameters.get("target_session_attrs");
  if (wanted !== null && !attributes.has(wanted)) {
    throw new AddressError("database: target_session_attrs can only be read-write, which it always is");
  }
  parameters.delete("target_session_attrs");
  const named = hostsOf(authority);
  const hosts = withListed(named, parameters.get("host"), parameters.get("port"));
  if (hosts.length > hostsMax) throw new AddressError(`database may name at most ${hostsMax} hosts`);
  // One host may stand as it always could: whatever the driver takes.
  if (hosts.length === 1) return [{ name: nameOf(hosts[0]), url: checked(withoutAttributes(text, wanted)) }];
  return hosts.map((host) => {
    const own = new URLSearchParams(parameters);
    own.set("host", host.name.replace(/^\[|\]$/g, ""));
    own.set("port", host.port);
    return { name: nameOf(host), url: checked(`${scheme}${user}localhost${path}?${own}`) };
  });
}

interface Host {
  readonly name: string;
  readonly port: string;
}

const defaultPort = "5432";

function hostsOf(authority: string): readonly Host[] {
  return authority.split(",").map((one) => {
    const match = hostForm.exec(one);
    const port = match?.[2] ?? defaultPort;
    if (match === null || Number(port) > 65_535 || Number(port) === 0) {
      throw new AddressError("database: each host must be HOST or HOST:PORT, with commas between");
    }
    return { name: decodeURIComponent(match[1] ?? ""), port };
  });
}

/** `?host=a,b&port=1,2` take the place of what stands before the path, as in libpq; sockets are named so. */
function withListed(named: readonly Host[], hosts: string | null, ports: string | null): readonly Host[] {
  if (hosts === null && ports === null) return named;
  const names = hosts === null ? named.map(({ name }) => name) : hosts.split(",");
  const listed = ports === null ? [] : ports.split(",");
  if (listed.length > 1 && listed.length !== names.length) {
    throw new AddressError("database: give one port, or one for each host");
  }
  const only = listed.length === 1 ? listed[0] : undefined;
  return names.map((name, index) => {
    const own = hosts === null ? named[index]?.port : undefined;
    return { name, port: only ?? listed[index] ?? own ?? defaultPort };
  });
}

function nameOf(host: Host | undefined): string {
  return host === undefined || host.name === "" ? "the default host" : `${host.name}:${host.port}`;
}

function withoutAttributes(text: string, wanted: string | null): string {
  return wanted === null
    ? text
    : text.replace(/([?&])target_session_attrs=[^&#]*&?/, "$1").replace(/[?&]$/, "");
}

function checked(url: string): string {
  // The driver's own message quotes the text.
  if (URL.canParse(url) || URL.canParse(url.replace("@/", "@localhost/"))) return url;
  throw new AddressError("database must be a URL: postgres://USER@HOST/NAME");
}
