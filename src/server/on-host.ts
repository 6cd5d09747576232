// Commands that work on the data folder itself, with the keys of the host and nobody's credential. The
// embedded database belongs to one process: the server must be stopped.
import { CofferError } from "../core/errors.ts";
import { type NodeParts, type OpenNode, openNode } from "./compose.ts";
import { type Config, ConfigError, loadPlace, type ServeFlags, serverUrl } from "./config.ts";
import { serverLog } from "./log.ts";

export interface Host {
  readonly node: OpenNode;
  readonly config: Config;
  /** Where the server would listen. */
  readonly url: string;
}

export type HostParts = Pick<NodeParts, "askPassphrase">;

/** A new data folder becomes an installation by this as by a first start; there is nothing to work on in it. */
export async function onHost<T>(
  flags: ServeFlags,
  parts: HostParts,
  work: (host: Host) => Promise<T>,
): Promise<T> {
  const config = loadPlace(flags);
  const url = serverUrl(config);
  const node = await openNode(config, { ...parts, log: serverLog("silent"), url, emit: () => {} });
  try {
    if (node.sealed) throw new CofferError("server.sealed", node.because);
    if (node.bootstrap !== null) throw new ConfigError(`There was nothing in ${config.data}: it is new.`);
    return await work({ node, config, url });
  } finally {
    await node.close();
  }
}
