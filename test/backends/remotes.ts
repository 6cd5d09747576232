// Which remote it is: the stand-in for KV version 2, in a process of its own, so that it survives the
// servers; or, where COFFER_TEST_REMOTE says so, that for AWS, a real OpenBao, or moto.
import type { Remote } from "./remote.ts";
import { startKv2Remote, startOpenBaoRemote } from "./remote-kv2.ts";

export const remoteNames = ["kv2", "openbao", "aws", "moto"] as const;
export type RemoteName = (typeof remoteNames)[number];

export async function startRemote(name = remoteNamed(process.env.COFFER_TEST_REMOTE)): Promise<Remote> {
  if (name === "kv2") return startKv2Remote();
  if (name === "openbao") return startOpenBaoRemote();
  // Its client is a large package, which nobody else needs to load.
  const { startAwsRemote, startMotoRemote } = await import("./remote-aws.ts");
  return name === "aws" ? startAwsRemote() : startMotoRemote();
}

function remoteNamed(text = "kv2"): RemoteName {
  const name = remoteNames.find((one) => one === text);
  if (name === undefined) throw new Error(`COFFER_TEST_REMOTE must be one of ${remoteNames.join(", ")}`);
  return name;
}
