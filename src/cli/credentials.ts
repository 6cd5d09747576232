// The login that is kept between commands: server, token, default places. Two files in the user's
// config folder, readable by the user alone, replaced whole: never half written, never widened.
import { randomBytes } from "node:crypto";
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { userInfo } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { parseAuthority } from "./authority.ts";
import { usage } from "./failure.ts";
import { nullable, object, optional, parseJson, type Shaped, text } from "./shapes.ts";
import type { Environment } from "./shell.ts";

const credentials = object({
  url: text,
  token: text,
  organization: nullable(text),
  store: nullable(text),
  /** PEM of the authority that vouches for the server, where no public one does. */
  ca: optional(text),
});
export type Credentials = Omit<Shaped<typeof credentials>, "ca"> & { readonly ca?: string | undefined };

const bootstrap = object({
  url: text,
  token: text,
  // The file of `init --recover` names no places.
  organization: optional(object({ slug: text })),
  store: optional(object({ slug: text })),
});

export interface CredentialFiles {
  readonly folder: string;
  readonly credentials: string;
  /** For `curl -K`, so that the token never stands in a command line. */
  readonly curl: string;
  /** The authority again, as a file for curl. */
  readonly ca: string;
}

/** A relative path in either means the folder that one happens to be in: it is passed over, as XDG says. */
export function credentialFiles(env: Environment): CredentialFiles {
  const xdg = env.XDG_CONFIG_HOME;
  const folder = join(xdg !== undefined && isAbsolute(xdg) ? xdg : join(homeOf(env), ".config"), "coffer");
  return {
    folder,
    credentials: join(folder, "credentials.json"),
    curl: join(folder, "curl.conf"),
    ca: join(folder, "ca.pem"),
  };
}

function homeOf({ HOME: home }: Environment): string {
  if (home !== undefined && isAbsolute(home)) return home;
  try {
    return userInfo().homedir;
  } catch {
    throw usage("this user has no home folder", "say where logins are kept: XDG_CONFIG_HOME");
  }
}

/** Printable and without quotes or spaces: it stands in a header and in curl's quoted text. */
export function parseToken(source: string): string {
  if (!/^[A-Za-z0-9._~+/=:-]{1,1024}$/.test(source)) {
    throw usage("that is not a token", "a token is one line that begins with coffer_");
  }
  return source;
}

export async function readCredentials(files: CredentialFiles): Promise<Credentials | null> {
  const source = await readIfThere(files.credentials);
  if (source === null) return null;
  const parsed = parseJson(source);
  if (!credentials(parsed)) {
    throw usage(`${files.credentials} is not what coffer wrote`, "make it anew: coffer login");
  }
  return parsed;
}

export async function readBootstrap(path: string): Promise<Credentials> {
  const source = await readIfThere(path);
  if (source === null) {
    throw usage(`there is no file ${path}`, "the first `coffer serve` writes it into its data folder");
  }
  const parsed = parseJson(source);
  if (!bootstrap(parsed)) throw usage(`${path} is not a bootstrap file of coffer`);
  const { url, token, organization, store } = parsed;
  const beside = join(dirname(path), "tls", "ca.pem");
  const authority = url.startsWith("https:") ? await readIfThere(beside) : null;
  return {
    url,
    token: parseToken(token),
    organization: organization?.slug ?? null,
    store: store?.slug ?? null,
    ...(authority === null ? {} : { ca: parseAuthority(authority, beside) }),
  };
}

export async function saveCredentials(files: CredentialFiles, login: Credentials): Promise<void> {
  await mkdir(files.folder, { recursive: true, mode: 0o700 });
  const header = `header = "Authorization: Bearer ${login.token}"\n`;
  if (login.ca === undefined) await rm(files.ca, { force: true });
  else await replaceFile(files.ca, login.ca);
  const authority = `cacert = "${files.ca.replace(/["\\]/g, "\\$&")}"\n`;
  await replaceFile(files.curl, login.ca === undefined ? header : header + authority);
  await replaceFile(files.credentials, `${JSON.stringify(login, null, 2)}\n`);
}

/** Whether there was a login to forget. */
export async function removeCredentials(files: CredentialFiles): Promise<boolean> {
  const there = (await readIfThere(files.credentials)) !== null;
  await rm(files.credentials, { force: true });
  await rm(files.curl, { force: true });
  await rm(files.ca, { force: true });
  return there;
}

/** Others on this machine who could read the login, as a sentence; null if there are none. */
export async function exposure(files: CredentialFiles): Promise<string | null> {
  const { mode } = await stat(files.credentials);
  if ((mode & 0o077) === 0 || process.platform === "win32") return null;
  return `others on this machine may read ${files.credentials}: chmod 600 it`;
}

/** A new file beside the old one, synced, then put in its place: a reader sees the one or the other. */
async function replaceFile(path: string, content: string): Promise<void> {
  const fresh = `${path}.${randomBytes(6).toString("hex")}.new`;
  try {
    const file = await open(fresh, "wx", 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}
