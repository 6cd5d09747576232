// What objects are called in a backend. Names follow from ids that never change, so that a write that is
// repeated meets what it made before, and tell nothing else: names are seen by everyone who may list them.
import type { RemotePlace } from "../core/backends/port.ts";
import { isUuid } from "../core/ids.ts";

/** Beside the secrets, in no form that one of them has. */
const marker = "restore-epoch";

export interface Names {
  /** Of everything that this installation keeps there, and of nothing else. */
  readonly prefix: string;
  readonly marker: string;
  of(place: RemotePlace): string;
  /** The secret's id; null where this installation gave no such name. */
  secretOf(name: string): string | null;
}

/** `separator` is "/" where names are paths that are listed level by level. */
export function namesOf(installationId: string, separator: "/" | "-"): Names {
  const prefix = ["coffer", installationId, ""].join(separator);
  return {
    prefix,
    marker: prefix + marker,
    of: ({ secretId }) => prefix + secretId,
    secretOf(name) {
      const id = name.startsWith(prefix) ? name.slice(prefix.length) : "";
      return isUuid(id) ? id : null;
    },
  };
}

/** Says whose an object is, to people and to the sweep. */
export const tags = { installation: "coffer-install", secret: "coffer-secret" } as const;
