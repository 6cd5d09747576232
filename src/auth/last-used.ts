// When each token was last used. Requests only note it in memory; a job writes it down about once a
// minute, and the end of the process. What a crash or the bound forgets is told a minute less exactly.
import type { Clock } from "../core/clock.ts";
import { limits } from "../core/limits.ts";
import type { Database } from "../core/ports.ts";
import { recordUses } from "../core/tokens/upkeep.ts";

export interface LastUses {
  /** Null, for the server's own work, is nobody's token. */
  note(tokenId: string | null): void;
  /** What cannot be written now comes with the next time. */
  write(database: Pick<Database, "execute">): Promise<void>;
}

export function lastUses(clock: Clock): LastUses {
  let noted = new Map<string, number>();
  return {
    note(tokenId) {
      if (tokenId === null) return;
      if (noted.size >= limits.lastUsesKeptMax && !noted.has(tokenId)) return;
      noted.set(tokenId, clock.now());
    },
    async write(database) {
      const uses = Array.from(noted, ([tokenId, at]) => ({ tokenId, at }));
      noted = new Map();
      for (let from = 0; from < uses.length; from += limits.lastUsesChunk) {
        try {
          await database.execute(recordUses, uses.slice(from, from + limits.lastUsesChunk));
        } catch (error) {
          for (const { tokenId, at } of uses.slice(from)) {
            if (!noted.has(tokenId) && noted.size < limits.lastUsesKeptMax) noted.set(tokenId, at);
          }
          throw error;
        }
      }
    },
  };
}
