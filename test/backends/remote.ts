// A remote that holds values, as the harness needs it: how a server is told of it, which of its requests do
// what, and what it holds, asked of it beside any server.

import type { Exchange, Reply } from "./fault-proxy.ts";

/** What a request does there, as far as faults tell them apart. */
export type Doing = "write" | "read" | "destroy" | "delete" | "list" | "other";

export interface RemoteVersion {
  readonly version: string;
  /** What can be read, as text; null where it was destroyed. */
  readonly stored: string | null;
  /** Not destroyed, nor left to be in the remote's own time. */
  readonly wanted: boolean;
}

export interface RemoteObject {
  /** Of the secret whose versions it holds. */
  readonly secretId: string;
  readonly versions: readonly RemoteVersion[];
}

export interface Remote {
  readonly url: string;
  /** An entry of `backends:` that reaches it at this address; what is secret goes into the folder. */
  entry(address: string, folder: string): object;
  /** What a server must find in its environment. */
  readonly env: Readonly<Record<string, string>>;
  doing(exchange: Exchange): Doing;
  /** Whether a write that comes late, when its object is gone, makes it anew. */
  readonly makesAnew: boolean;
  readonly notFound: Reply;
  refusal(status: number): Reply;
  /** Of one installation. */
  content(installationId: string): Promise<readonly RemoteObject[]>;
  /** As somebody does who has access of his own. */
  remove(installationId: string, secretId: string): Promise<void>;
  stop(): Promise<void>;
}

export function replied(status: number, body: object, headers: Record<string, string> = {}): Reply {
  const said = { "content-type": "application/json", ...headers };
  return { status, headers: said, body: Buffer.from(JSON.stringify(body)) };
}
