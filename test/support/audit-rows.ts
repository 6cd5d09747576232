// The rows of `audit_entries`, taken apart into entries with code of the tests' own.

/** The members that the entries of one row do not share. */
const own = ["target_id", "target_name", "target_store_id", "because", "details", "request_id", "hash"];

export type AuditRow = Readonly<Record<string, unknown>>;

export function entriesInRows(rows: readonly AuditRow[]): readonly AuditRow[] {
  return rows.flatMap(({ earlier, ...last }) => {
    const before: unknown[][] = typeof earlier === "string" ? JSON.parse(earlier) : [];
    const first = Number(last.seq) - before.length;
    return [
      ...before.map((values, index) => ({
        ...last,
        ...Object.fromEntries(own.map((member, at) => [member, values[at]])),
        hash: Buffer.from(String(values.at(-1)), "hex"),
        seq: first + index,
      })),
      last,
    ];
  });
}
