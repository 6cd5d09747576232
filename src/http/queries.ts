// Query strings are text; these read them strictly.
import { invalid } from "../core/errors.ts";

export function wholeNumber(
  field: string,
  text: string | undefined,
  rule: { readonly min: number; readonly max: number; readonly otherwise: number },
): number {
  if (text === undefined) return rule.otherwise;
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(number >= rule.min && number <= rule.max)) {
    throw invalid(field, `must be a whole number from ${rule.min} to ${rule.max}`, { limit: rule.max });
  }
  return number;
}

export function flag(field: string, text: string | undefined): boolean {
  if (text === undefined || text === "false") return false;
  if (text === "true") return true;
  throw invalid(field, 'must be "true" or "false"');
}

const instantForm = /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;

/** RFC 3339 with a zone, to milliseconds. */
export function instant(field: string, text: string): number {
  const match = instantForm.exec(text);
  const at = match === null ? Number.NaN : Date.parse(text);
  // The engine would roll 30 February over into March.
  const day = new Date(Date.UTC(Number(match?.[1]), Number(match?.[2]) - 1, Number(match?.[3])));
  if (!Number.isFinite(at) || day.getUTCDate() !== Number(match?.[3]))
    throw invalid(field, "must be a time like 2026-01-31T12:00:00Z");
  return at;
}
