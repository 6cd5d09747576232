// moto's server: AWS Secrets Manager and KMS in memory, as far as moto knows their rules.
import { join } from "node:path";
import { cleanEnvironment, run, start, stop } from "./processes.ts";
import { installPackages } from "./python.ts";

export interface Moto {
  readonly url: string;
  /** Of this release of moto. */
  readonly version: string;
  /** What an AWS client must find in its environment. moto takes any. */
  readonly credentials: Readonly<Record<"AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY", string>>;
  /** Everything that was made there is gone. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

const startMsMax = 60_000;

export async function startMoto(): Promise<Moto> {
  const { program, folder } = await installPackages("servers", "moto", join(import.meta.dirname, "moto"));
  const credentials = { AWS_ACCESS_KEY_ID: "moto", AWS_SECRET_ACCESS_KEY: "moto" };
  const env = cleanEnvironment({ PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: "1", ...credentials });
  const { stdout } = await run(program, ["-c", "import moto; print(moto.__version__)"], { env });
  const child = start(program, ["-m", "moto.server", "-H", "127.0.0.1", "-p", "0"], {
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const late = setTimeout(() => reject(new Error("moto did not start")), startMsMax);
  child.once("exit", (code) => reject(new Error(`moto ended (${code}) before it was there`)));
  let text = "";
  child.stderr?.setEncoding("utf8").on("data", (more: string) => {
    // It writes a line for each request.
    if (text.length < 10_000) text += more;
    const url = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(text)?.[1];
    if (url !== undefined) resolve(url);
  });
  const url = await promise.finally(() => clearTimeout(late));
  return {
    url,
    version: stdout.trim(),
    credentials,
    async reset() {
      const answer = await fetch(`${url}/moto-api/reset`, { method: "POST" });
      if (!answer.ok) throw new Error(`moto's reset was answered ${answer.status}`);
    },
    stop: () => stop(child, "SIGKILL"),
  };
}
