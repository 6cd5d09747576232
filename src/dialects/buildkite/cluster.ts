// What a cluster has beyond a store. Each lies in the store's attributes under a name of its own, so that
// two changes at once do not undo each other.
import type { Attributes, Store } from "../../core/stores/store.ts";

const details = ["description", "emoji", "color"] as const;

export type ClusterDetails = Readonly<Record<(typeof details)[number], string | null>>;

export function clusterDetails({ attributes }: Pick<Store, "attributes">): ClusterDetails {
  const of = (name: (typeof details)[number]): string | null => {
    const value = attributes[keyOf(name)];
    return typeof value === "string" ? value : null;
  };
  return { description: of("description"), emoji: of("emoji"), color: of("color") };
}

/** Of what was given: the rest stays as it is. */
export function attributesOf(given: Partial<ClusterDetails>): Attributes {
  return Object.fromEntries(
    details.flatMap((name) => (given[name] === undefined ? [] : [[keyOf(name), given[name]]])),
  );
}

function keyOf(name: string): string {
  return `buildkite.${name}`;
}
