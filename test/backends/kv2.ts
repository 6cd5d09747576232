// The rules of a KV version 2 secrets engine, in memory: what OpenBao 2.x and Vault answer to one request.
// It is a stand-in: that it agrees with a real server is for the conformance suite to show.

export interface Kv2Request {
  /** A list is asked for by GET with `list=true`: LIST is a method that no server in Node can read. */
  readonly method: string;
  /** Below `/v1/`, decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly token: string | null;
  readonly body: Readonly<Record<string, unknown>> | null;
}

export interface Kv2Reply {
  readonly status: number;
  readonly body: object | null;
}

interface Version {
  readonly createdTime: string;
  deletionTime: string;
  destroyed: boolean;
  data: object | null;
}

interface Entry {
  readonly createdTime: string;
  updatedTime: string;
  current: number;
  oldest: number;
  maxVersions: number;
  casRequired: boolean;
  custom: Readonly<Record<string, string>> | null;
  readonly versions: Map<number, Version>;
}

const maxVersionsDefault = 10;
/** Of a storage entry with integrated storage. */
const entryBytesMax = 1_048_576;
const customMax = { keys: 64, key: 128, value: 512 };

const missing: Kv2Reply = { status: 404, body: { errors: [] } };
const done: Kv2Reply = { status: 204, body: null };
const refused = (status: number, error: string): Kv2Reply => ({ status, body: { errors: [error] } });

export class Kv2 {
  readonly #mount: string;
  readonly #token: string;
  readonly #entries = new Map<string, Entry>();
  #maxVersions = 0;

  constructor({ mount = "secret", token }: { readonly mount?: string; readonly token: string }) {
    this.#mount = mount;
    this.#token = token;
  }

  answer(request: Kv2Request): Kv2Reply {
    if (request.path === "sys/health") {
      return { status: 200, body: { initialized: true, sealed: false, standby: false, version: "2.6.2" } };
    }
    if (request.token !== this.#token) return refused(403, "permission denied");
    if (request.path === "auth/token/lookup-self") {
      return answered({ id: this.#token, ttl: 0, renewable: false, policies: ["root"] });
    }
    if (request.path === `sys/internal/ui/mounts/${this.#mount}`) {
      return answered({ type: "kv", path: `${this.#mount}/`, options: { version: "2" } });
    }
    if (request.path === `${this.#mount}/config`) return this.#config(request);
    const [, kind = "", path = ""] = /^([^/]+)\/(.*)$/.exec(this.#below(request.path)) ?? [];
    const method = request.query.get("list") === "true" ? "LIST" : request.method;
    switch (`${method === "POST" ? "PUT" : method} ${kind}`) {
      case "PUT data":
        return this.#write(path, request.body);
      case "GET data":
        return this.#read(path, Number(request.query.get("version") ?? 0));
      case "DELETE data":
        return this.#remove(path, null);
      case "PUT delete":
        return this.#remove(path, versionsIn(request.body));
      case "PUT undelete":
        return this.#each(path, versionsIn(request.body), (version) => {
          version.deletionTime = "";
        });
      case "PUT destroy":
        return this.#each(path, versionsIn(request.body), (version) => {
          version.destroyed = true;
          version.data = null;
        });
      case "GET metadata":
        return this.#metadata(path);
      case "PUT metadata":
        return this.#describe(path, request.body ?? {});
      case "DELETE metadata":
        this.#entries.delete(path);
        return done;
      case "LIST metadata":
        return this.#list(path, request.query);
      default:
        return refused(404, "no handler for route");
    }
  }

  #below(path: string): string {
    return path.startsWith(`${this.#mount}/`) ? path.slice(this.#mount.length + 1) : "";
  }

  #config({ method, body }: Kv2Request): Kv2Reply {
    if (method !== "GET") {
      this.#maxVersions = Number(body?.max_versions ?? this.#maxVersions);
      return done;
    }
    return answered({ max_versions: this.#maxVersions, cas_required: false, delete_version_after: "0s" });
  }

  #write(path: string, body: Kv2Request["body"]): Kv2Reply {
    if (path === "") return refused(400, "missing path");
    const { data, options } = body ?? {};
    if (typeof data !== "object" || data === null) return refused(400, "no data provided");
    const entry = this.#entries.get(path) ?? newEntry();
    const cas = typeof options === "object" && options !== null && "cas" in options ? options.cas : undefined;
    if (cas === undefined && entry.casRequired) {
      return refused(400, "check-and-set parameter required for this call");
    }
    if (cas !== undefined && !Number.isInteger(cas)) {
      return refused(400, "error parsing check-and-set parameter");
    }
    if (cas !== undefined && cas !== entry.current) {
      return refused(400, "check-and-set parameter did not match the current version");
    }
    const bytes = Buffer.byteLength(JSON.stringify(data));
    if (bytes > entryBytesMax) {
      const text = `put failed due to value being too large; got ${bytes} bytes, max: ${entryBytesMax} bytes`;
      return refused(500, `1 error occurred:\n\t* ${text}\n\n`);
    }
    const version: Version = { createdTime: now(), deletionTime: "", destroyed: false, data };
    this.#entries.set(path, entry);
    entry.current += 1;
    entry.versions.set(entry.current, version);
    entry.updatedTime = version.createdTime;
    this.#prune(entry);
    return answered(shown(entry, entry.current, version));
  }

  /** Past the bound the oldest versions vanish, with whatever was known of them. */
  #prune(entry: Entry): void {
    const kept = Math.max(this.#maxVersions, entry.maxVersions) || maxVersionsDefault;
    if (entry.current - entry.oldest < kept) return;
    const newestGone = entry.current - kept;
    for (const number of entry.versions.keys()) if (number <= newestGone) entry.versions.delete(number);
    entry.oldest = newestGone + 1;
  }

  #read(path: string, asked: number): Kv2Reply {
    const entry = this.#entries.get(path);
    if (entry === undefined) return missing;
    const number = asked > 0 ? asked : entry.current;
    const version = entry.versions.get(number);
    if (version === undefined) return missing;
    const gone = version.destroyed || version.deletionTime !== "";
    const data = { data: gone ? null : version.data, metadata: shown(entry, number, version) };
    return answered(data, gone ? 404 : 200);
  }

  /** So that it can be had again: only its time of deletion is set. Null: the current version. */
  #remove(path: string, versions: readonly number[] | null): Kv2Reply {
    const newest = this.#entries.get(path)?.current ?? 0;
    return this.#each(path, versions ?? [newest], (version) => {
      if (!version.destroyed && version.deletionTime === "") version.deletionTime = now();
    });
  }

  #each(path: string, versions: readonly number[], change: (version: Version) => void): Kv2Reply {
    if (versions.length === 0) return refused(400, "no version number provided");
    const entry = this.#entries.get(path);
    for (const number of versions) {
      const version = entry?.versions.get(number);
      if (version !== undefined) change(version);
    }
    return done;
  }

  #metadata(path: string): Kv2Reply {
    const entry = this.#entries.get(path);
    if (entry === undefined) return missing;
    const versions = [...entry.versions].map(([number, { createdTime, deletionTime, destroyed }]) => [
      String(number),
      { created_time: createdTime, deletion_time: deletionTime, destroyed },
    ]);
    return answered({
      versions: Object.fromEntries(versions),
      current_version: entry.current,
      oldest_version: entry.oldest,
      created_time: entry.createdTime,
      updated_time: entry.updatedTime,
      max_versions: entry.maxVersions,
      cas_required: entry.casRequired,
      delete_version_after: "0s",
      custom_metadata: entry.custom,
    });
  }

  #describe(path: string, body: Readonly<Record<string, unknown>>): Kv2Reply {
    if (path === "") return refused(400, "missing path");
    const { max_versions: maxVersions, cas_required: casRequired, custom_metadata: custom } = body;
    const wrong = custom === undefined ? null : customWrong(custom);
    if (wrong !== null) return refused(400, `custom_metadata validation failed: ${wrong}`);
    const entry = this.#entries.get(path) ?? newEntry();
    if (maxVersions !== undefined) entry.maxVersions = Number(maxVersions);
    if (casRequired !== undefined) entry.casRequired = casRequired === true;
    if (custom !== undefined) entry.custom = custom as Record<string, string>; // customWrong looked at it
    this.#entries.set(path, entry);
    return done;
  }

  #list(path: string, query: URLSearchParams): Kv2Reply {
    const prefix = path === "" || path.endsWith("/") ? path : `${path}/`;
    const keys = new Set<string>();
    for (const name of this.#entries.keys()) {
      if (!name.startsWith(prefix)) continue;
      const rest = name.slice(prefix.length);
      const slash = rest.indexOf("/");
      keys.add(slash === -1 ? rest : rest.slice(0, slash + 1));
    }
    const after = query.get("after") ?? "";
    const limit = Number(query.get("limit") ?? 0);
    const sorted = [...keys].sort().filter((key) => key > after);
    const page = limit > 0 ? sorted.slice(0, limit) : sorted;
    return page.length === 0 ? missing : answered({ keys: page });
  }
}

function newEntry(): Entry {
  const at = now();
  return {
    createdTime: at,
    updatedTime: at,
    current: 0,
    oldest: 0,
    maxVersions: 0,
    casRequired: false,
    custom: null,
    versions: new Map(),
  };
}

function shown(entry: Entry, number: number, version: Version): object {
  return {
    version: number,
    created_time: version.createdTime,
    deletion_time: version.deletionTime,
    destroyed: version.destroyed,
    custom_metadata: entry.custom,
  };
}

function answered(data: object, status = 200): Kv2Reply {
  const rest = {
    lease_id: "",
    renewable: false,
    lease_duration: 0,
    wrap_info: null,
    warnings: null,
    auth: null,
  };
  return { status, body: { request_id: crypto.randomUUID(), ...rest, data } };
}

function versionsIn(body: Kv2Request["body"]): readonly number[] {
  const versions = body?.versions;
  return Array.isArray(versions) ? versions.map(Number) : [];
}

function customWrong(custom: unknown): string | null {
  if (typeof custom !== "object" || custom === null) return "not a map";
  const pairs = Object.entries(custom);
  if (pairs.length > customMax.keys) return `payload must contain at most ${customMax.keys} keys`;
  for (const [key, value] of pairs) {
    const bytes = Buffer.byteLength(String(value));
    if (key === "" || Buffer.byteLength(key) > customMax.key) return "a key is empty or too long";
    if (bytes === 0 || bytes > customMax.value) return "a value is empty or too long";
  }
  return null;
}

function now(): string {
  return new Date().toISOString();
}
