// `coffer init --recover`: who holds the host and its root key gets back in as the first owner.
import { join } from "node:path";
import { systemCaller } from "../core/caller.ts";
import { systemClock } from "../core/clock.ts";
import { CofferError } from "../core/errors.ts";
import { uuidv7 } from "../core/ids.ts";
import { recoverOwner } from "../core/installation.ts";
import { limits } from "../core/limits.ts";
import { mintToken } from "../crypto/tokens.ts";
import { writePrivate } from "./bootstrap.ts";
import { openNode } from "./compose.ts";
import { ConfigError, loadConfig, type ServeFlags } from "./config.ts";
import { serverLog } from "./log.ts";

export interface Recovered {
  readonly path: string;
  readonly url: string;
  readonly person: { readonly id: string; readonly email: string };
  readonly token: string;
}

/** The server must be stopped: the data folder belongs to one process. */
export async function recover(flags: ServeFlags): Promise<Recovered> {
  const { config } = loadConfig(flags);
  const log = serverLog("silent");
  const { host, port } = config.listen;
  const url = config.publicUrl ?? `http://${host}:${port}`;
  const node = await openNode(config, { log, url, emit: () => {} });
  try {
    if (node.sealed) throw new CofferError("server.sealed", node.because);
    if (node.bootstrap !== null)
      throw new ConfigError(`There was nothing to recover in ${config.data}: it is new.`);
    const at = systemClock.now();
    const id = uuidv7(systemClock).next();
    const token = mintToken("person", id);
    const path = join(config.data, "recovery.json");
    const person = await node.context.database.execute(recoverOwner, {
      caller: systemCaller("coffer init --recover"),
      at,
      token: {
        id,
        name: "recovered on the host",
        hash: token.hash,
        expiresAt: at + limits.tokenLifeMs,
        revokedAt: null,
        createdAt: at,
      },
    });
    if (person === null) throw new ConfigError("The installation has no operator to recover.");
    const recovered = { url, person: { id: person.id, email: person.email }, token: token.text };
    await writePrivate(path, recovered);
    return { path, ...recovered };
  } finally {
    await node.close();
  }
}
