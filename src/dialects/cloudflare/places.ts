// Ids of this wire: a UUID without its hyphens. What has another form names nothing, so that its turn in
// the order of checks comes as for any other.
import { invalid } from "../../core/errors.ts";
import type { Ref } from "../../core/organizations/organization.ts";

const nothing = "00000000-0000-0000-0000-000000000000";
const form = /^[0-9a-f]{32}$/;

export function wireId(uuid: string): string {
  return uuid.replaceAll("-", "");
}

/** Of a store or a secret. */
export function idRef(text: string): { readonly id: string } {
  return { id: form.test(text) ? uuidOf(text) : nothing };
}

/** Null for what cannot be an account's id: clients are told that their path is wrong, not that nothing is there. */
export function accountRef(text: string): (Ref & { readonly id: string }) | null {
  const id = text.toLowerCase();
  return form.test(id) ? { id: uuidOf(id) } : null;
}

/** The same, for who is past that check. */
export function account(text: string): Ref & { readonly id: string } {
  const ref = accountRef(text);
  if (ref === null) throw invalid("account", "must have 32 hexadecimal digits");
  return ref;
}

function uuidOf(hex: string): string {
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
