// `coffer init --recover`: who holds the host and its root key gets back in as the first owner.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { systemCaller } from "../core/caller.ts";
import { systemClock } from "../core/clock.ts";
import { uuidv7 } from "../core/ids.ts";
import { recoverOwner } from "../core/installation.ts";
import { limits } from "../core/limits.ts";
import { mintToken } from "../crypto/tokens.ts";
import { writePrivate } from "./bootstrap.ts";
import { ConfigError, type ServeFlags } from "./config.ts";
import { type HostParts, onHost } from "./on-host.ts";

export interface Recovered {
  readonly path: string;
  readonly url: string;
  readonly person: { readonly id: string; readonly email: string };
  readonly token: string;
}

export async function recover(flags: ServeFlags, parts: HostParts = {}): Promise<Recovered> {
  return onHost(flags, parts, async ({ node, config, url }) => {
    const at = systemClock.now();
    const id = uuidv7(systemClock).next();
    const token = mintToken("person", id);
    // With PostgreSQL this host may not have had one yet.
    mkdirSync(config.data, { recursive: true, mode: 0o700 });
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
  });
}
