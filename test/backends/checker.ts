// Compares three things when all is quiet again: what the clients know, the tables, and what the remote
// holds. Each finding is a sentence; none means that the outcomes are those which are required, and none of
// those that must never be. It asks nobody: all it looks at is handed to it.
import type { Row } from "../crash/tables.ts";
import type { Ledger, Standing } from "./ledger.ts";
import type { RemoteObject } from "./remote.ts";

export interface Evidence {
  readonly ledger: Ledger;
  /** What reading each name gave; absent: it could not be read. */
  readonly reads: ReadonlyMap<string, Standing>;
  /** The names that a list shows. */
  readonly listed: readonly string[];
  readonly secrets: readonly Row[];
  readonly versions: readonly Row[];
  /** Remote actions that are still owed. */
  readonly owed: readonly Row[];
  /** Of this installation. */
  readonly objects: readonly RemoteObject[];
  /** Whatever was written down: the database's files, the log. */
  readonly texts: readonly { readonly where: string; readonly bytes: Buffer }[];
}

/** What every value begins with, so that one search finds any of them. */
export const canary = "only-for-the-value";

const canaryForms = [
  canary,
  Buffer.from(canary).toString("hex"),
  // Base64 looks different for each place in a group of three where the text may begin.
  ...[0, 1, 2].map((before) =>
    Buffer.from(`${"-".repeat(before)}${canary}`)
      .toString("base64")
      .slice(4, -4),
  ),
];

export function check(evidence: Evidence): string[] {
  return [
    ...known(evidence),
    ...settled(evidence),
    ...standing(evidence),
    ...remaining(evidence),
    ...inTheClear(evidence),
  ];
}

/** Nothing acknowledged is lost, nothing refused came true, no value stands under another name. */
function known({ ledger, reads, listed }: Evidence): string[] {
  const unread = ledger.names.filter((name) => !reads.has(name));
  const uneven = [...reads].filter(([name, read]) => listed.includes(name) !== (read !== null));
  for (const [name, read] of reads) ledger.saw(name, read);
  return [
    ...ledger.wrong,
    ...unread.map((name) => `${name} could not be read`),
    ...uneven.map(([name]) => `${name} is in the list and cannot be read, or the other way round`),
  ];
}

/** Nothing is under way any more: what was begun is done or undone. */
function settled({ secrets, versions, owed }: Evidence): string[] {
  const stuck = secrets.filter(({ state }) => state === "creating" || state === "deleting");
  const pending = versions.filter(({ state }) => state === "pending" || state === "destroying");
  return [
    ...stuck.map(({ id, state }) => `secret ${id} is still ${state}`),
    ...pending.map(({ id, state }) => `version ${id} is still ${state}`),
    ...owed.map((row) => `a remote action is still owed: ${JSON.stringify(row)}`),
  ];
}

const isThere = ({ state }: Row) => state === "active" || state === "trashed";
const isKept = ({ state }: Row) => state === "active" || state === "superseded";

/** Every value that a row points at is there, and a secret points at exactly one that is current. */
function standing({ secrets, versions, objects }: Evidence): string[] {
  const found: string[] = [];
  const held = new Set(
    objects.flatMap(({ secretId, versions: all }) => all.map((one) => nameOf(secretId, one))),
  );
  for (const row of versions) {
    if (row.backend === "embedded" || !isKept(row)) continue;
    if (!held.has(`${row.secret_id} ${row.remote_version}`)) {
      found.push(`the value of version ${row.number} of secret ${row.secret_id} is gone from the remote`);
    }
  }
  for (const { id, state, version_id: current } of secrets) {
    if (state !== "active") continue;
    const active = versions.filter((row) => row.secret_id === id && row.state === "active");
    if (current !== null && (active.length !== 1 || active[0]?.id !== current)) {
      found.push(`secret ${id} points at ${current}, and ${active.length} of its versions are active`);
    }
  }
  return found;
}

/** The remote holds nothing that no row points at. */
function remaining({ secrets, versions, objects }: Evidence): string[] {
  const kept = new Set(versions.filter(isKept).map((row) => `${row.secret_id} ${row.remote_version}`));
  const live = new Set(secrets.filter(isThere).map(({ id }) => String(id)));
  return objects.flatMap(({ secretId, versions: all }) => {
    if (!live.has(secretId)) return [`the remote still holds ${secretId}`];
    const orphans = all.filter((one) => one.wanted && !kept.has(nameOf(secretId, one)));
    return orphans.map(({ version }) => `the remote still holds version ${version} of ${secretId}`);
  });
}

/** No value lies anywhere in the clear, nor in another form that anybody can read. */
function inTheClear({ texts }: Evidence): string[] {
  const there = texts.filter(({ bytes }) => canaryForms.some((form) => bytes.includes(form)));
  return there.map(({ where }) => `${where} holds a value in the clear`);
}

function nameOf(secretId: string, { version, stored }: RemoteObject["versions"][number]): string {
  return stored === null ? "" : `${secretId} ${version}`;
}
