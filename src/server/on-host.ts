// Commands that work on the data folder itself, with the keys of the host and nobody's credential. The
// embedded database belongs to one process: the server must be stopped.
import { CofferError } from "../core/errors.ts";
import { type NodeParts, type OpenNode, openNode } from "./compose.ts";
import { type Config, loadPlace, type ServeFlags, serverUrl } from "./config.ts";
import { serverLog } from "./log.ts";

export interface Host {
  readonly node: OpenNode;
  readonly config: Config;
  /** Where the server would listen. */
  readonly url: string;
}

export type HostParts = Pick<NodeParts, "askPassphrase">;

/** Where there is no installation nothing is made: a mistyped folder must not become one. */
export async function onHost<T>(
  flags: ServeFlags,
  parts: HostParts,
  work: (host: Host) => Promise<T>,
): Promise<T> {
  const config = loadPlace(flags);
  const url = serverUrl(config);
  const node = await openNode(config, {
    ...parts,
    standing: true,
    log: serverLog("silent"),
    url,
    emit: () => {},
  });
  try {
    if (node.sealed) throw new CofferError("server.sealed", node.because);
    return await work({ node, config, url });
  } finally {
    await node.close();
  }
}
