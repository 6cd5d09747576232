// A remote that speaks KV version 2: the stand-in in a process of its own, or a real OpenBao.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Exchange } from "./fault-proxy.ts";
import { type Doing, type Remote, type RemoteObject, replied } from "./remote.ts";

const program = fileURLToPath(new URL("./kv2-server.ts", import.meta.url));
const mount = "secret";
const uuid = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
/** Of one secret; the marker of the restore guard lies beside them. */
const objectPath = new RegExp(`^/v1/${mount}/(\\w+)/coffer/${uuid}/${uuid}(?:/|\\?|$)`);
const secretName = new RegExp(`^${uuid}$`);

export async function startKv2Remote(): Promise<Kv2Remote> {
  const token = crypto.randomUUID();
  const child = spawn(process.execPath, [program], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { PATH: process.env.PATH, KV2_TOKEN: token },
  });
  const [url] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return remoteAt(url, token, async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, "exit");
  });
}

export async function startOpenBaoRemote(): Promise<Kv2Remote> {
  const { startOpenBao } = await import("../../conformance/support/openbao.ts");
  const { url, token, stop } = await startOpenBao();
  return remoteAt(url, token, stop);
}

export interface Kv2Remote extends Remote {
  readonly token: string;
}

function remoteAt(url: string, token: string, stop: () => Promise<void>): Kv2Remote {
  const ask = async (method: string, path: string) => {
    const response = await fetch(`${url}/v1/${mount}/${path}`, {
      method,
      headers: { "x-vault-token": token },
    });
    const text = await response.text();
    if (!response.ok && response.status !== 404) throw new Error(`${method} ${path}: ${response.status}`);
    return text === "" ? null : JSON.parse(text).data;
  };
  const objectAt = async (folder: string, secretId: string): Promise<RemoteObject> => {
    const path = `${folder}/${secretId}`;
    const metadata = await ask("GET", `metadata/${path}`);
    const versions = await Promise.all(
      Object.keys(metadata?.versions ?? {}).map(async (version) => {
        const data = (await ask("GET", `data/${path}?version=${version}`))?.data ?? null;
        return { version, stored: data === null ? null : JSON.stringify(data), wanted: data !== null };
      }),
    );
    return { secretId, versions };
  };
  return {
    url,
    token,
    entry(address, folder) {
      const file = join(folder, "token");
      writeFileSync(file, token, { mode: 0o600 });
      return { kind: "vault-kv2", address, mount, token: { file } };
    },
    env: {},
    doing,
    makesAnew: true,
    notFound: replied(404, { errors: [] }),
    refusal: (status) => replied(status, { errors: ["not now"] }),
    async content(installationId) {
      const folder = `coffer/${installationId}`;
      const keys: string[] = (await ask("GET", `metadata/${folder}/?list=true`))?.keys ?? [];
      const secrets = keys.filter((key) => secretName.test(key));
      return Promise.all(secrets.map((secretId) => objectAt(folder, secretId)));
    },
    remove: (installationId, secretId) => ask("DELETE", `metadata/coffer/${installationId}/${secretId}`),
    stop,
  };
}

function doing({ method, path }: Exchange): Doing {
  if (/[?&]list=true/.test(path)) return "list";
  const [, engine] = objectPath.exec(path) ?? [];
  const writes = method === "PUT" || method === "POST";
  // What names no version looks for the newest, before a write or after one that was not answered.
  if (engine === "data" && method === "GET") return /[?&]version=[1-9]/.test(path) ? "read" : "other";
  if (engine === "data") return writes ? "write" : "destroy";
  if (engine === "destroy" || engine === "delete") return "destroy";
  if (engine === "metadata" && method === "DELETE") return "delete";
  return "other";
}
