// How policies and claims are refused: the rule as the dialects' contracts word it, and a message for
// people. Neither holds anything of what was given but the name of a claim.
import { CofferError, invalid } from "../errors.ts";

interface Hints {
  readonly line?: number;
  readonly nearest?: string | null;
}

export function broken(field: "policy" | "claims", rule: string, { line, nearest }: Hints): CofferError {
  const hints: string[] = [];
  if (line !== undefined) hints.push(`line ${line}`);
  if (nearest) hints.push(`did you mean '${nearest}'?`);
  const message = `"${field}" ${rule}${hints.length === 0 ? "" : ` (${hints.join("; ")})`}`;
  return new CofferError("request.invalid", message, {
    field,
    rule,
    ...(line !== undefined && { line }),
    ...(nearest && { nearest }),
  });
}

/** A policy that is wrong already as a text: the line is all there is to say, so the rule has it too. */
export function unreadable(rule: string, line: number): CofferError {
  return invalid("policy", `${rule} (line ${line})`, { line });
}
