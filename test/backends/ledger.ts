// What the clients know of each secret: the values that it may have by now. An answer settles it, a
// request whose outcome nobody was told leaves two ways, and a read tells which of them came true.

/** What was asked of one secret, and what was answered. */
export interface Told {
  readonly what: "create" | "update" | "remove";
  /** Null of a removal. */
  readonly value: string | null;
  /** Null: no answer came. */
  readonly status: number | null;
  /** As the answer gave it. */
  readonly version?: number | null;
}

/** Null: there is none of that name. */
export type Standing = string | null;

export class Ledger {
  readonly #standings = new Map<string, ReadonlySet<Standing>>();
  readonly #sent = new Map<string, string>();
  /** Answers that should not have been given at all. */
  readonly wrong: string[] = [];

  /** Requests that were under way at the same time, of which each has ended for its client. */
  happened(name: string, together: readonly Told[]): void {
    const before = this.standings(name);
    for (const { value } of together) if (value !== null) this.#sent.set(value, name);
    const succeeded = together.filter(({ status }) => status !== null && status < 300);
    const unknown = together.filter(({ status }) => status === null || status >= 500);
    const possible = unknown.map(({ value }) => value);
    const created = succeeded.filter(({ what }) => what === "create");
    if (created.length > 1 || (created.length === 1 && !before.has(null))) {
      this.wrong.push(`${name} was created although it was there`);
    }
    this.#standings.set(name, new Set([...settledBy(succeeded, before), ...possible]));
  }

  /** What a read, at a time without any other request, showed. */
  saw(name: string, standing: Standing): void {
    if (!this.standings(name).has(standing)) this.wrong.push(this.#difference(name, standing));
    this.#standings.set(name, new Set([standing]));
  }

  /** The database is an older one again, in which it stood like this. */
  isRestored(name: string, standing: Standing): void {
    this.#standings.set(name, new Set([standing]));
  }

  standings(name: string): ReadonlySet<Standing> {
    return this.#standings.get(name) ?? new Set([null]);
  }

  get names(): readonly string[] {
    return [...this.#standings.keys()];
  }

  #difference(name: string, standing: Standing): string {
    if (standing === null) return `${name} is not there, and its clients know that it is`;
    const owner = this.#sent.get(standing);
    if (owner === undefined) return `${name} has a value that nobody sent`;
    if (owner !== name) return `${name} has the value of ${owner}`;
    return `${name} has ${standing}, which it cannot have`;
  }
}

/** What must come of those that succeeded; where none did, all is as before. */
function settledBy(succeeded: readonly Told[], before: ReadonlySet<Standing>): Iterable<Standing> {
  if (succeeded.length === 0) return before;
  if (succeeded.some(({ what }) => what === "remove")) return [null];
  const newest = Math.max(...succeeded.map(({ version }) => version ?? 0));
  return succeeded.filter(({ version }) => (version ?? 0) === newest).map(({ value }) => value);
}
