// Those who wait for an organization to change. Whoever enters before he looks misses nothing that
// happens after.
import { CofferError } from "./errors.ts";
import { limits } from "./limits.ts";

/** Rings for every organization: what concerns a person concerns all of his. */
export const everyOrganization = "*";

export interface Bell {
  /** Resolves when it rang since entering, or after this long. */
  heard(waitMs: number): Promise<void>;
  leave(): void;
}

export interface WaitingRoom {
  enter(organizationId: string): Bell;
  ring(organizationId: string): void;
  /** Lets all go, and nobody wait any more: the server stops. */
  close(): void;
  readonly closed: boolean;
  readonly count: number;
}

export function waitingRoom(): WaitingRoom {
  const inside = new Map<string, Set<() => void>>();
  let count = 0;
  let closed = false;
  const ring = (organizationId: string) => {
    const rung = organizationId === everyOrganization ? [...inside.keys()] : [organizationId];
    for (const id of rung) for (const wake of inside.get(id) ?? []) wake();
  };
  return {
    ring,
    get closed() {
      return closed;
    },
    get count() {
      return count;
    },
    enter(organizationId) {
      if (count >= limits.feedWaitersMax) {
        throw new CofferError("server.busy", "Too many readers wait for changes; try again.");
      }
      let rang = closed;
      let resume = () => {};
      const wake = () => {
        rang = true;
        resume();
      };
      const here = inside.get(organizationId) ?? new Set();
      inside.set(organizationId, here.add(wake));
      count += 1;
      return {
        heard: (waitMs) =>
          new Promise((resolve) => {
            if (rang) return resolve();
            const timer = setTimeout(resolve, waitMs);
            resume = () => {
              clearTimeout(timer);
              resolve();
            };
          }),
        leave() {
          if (!here.delete(wake)) return;
          count -= 1;
          if (here.size === 0 && inside.get(organizationId) === here) inside.delete(organizationId);
        },
      };
    },
    close() {
      closed = true;
      ring(everyOrganization);
    },
  };
}
