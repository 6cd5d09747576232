// People on the wire: what is asked, what is given, and how the one becomes the other.
import { type Static, Type } from "typebox";
import { roles } from "../../core/authorize.ts";
import { CofferError } from "../../core/errors.ts";
import { isUuid } from "../../core/ids.ts";
import { limits } from "../../core/limits.ts";
import type { Invited } from "../../core/people/operations.ts";
import { type Member, membershipStatuses, type Person } from "../../core/people/person.ts";
import type { PeoplePosition } from "../../core/people/port.ts";
import type { PageAsked } from "./pages.ts";
import { nullable, strict, text } from "./schema.ts";

const oneOf = <T extends string>(values: readonly T[]) =>
  Type.Unsafe<T>({ type: "string", enum: [...values] });
const role = oneOf(roles);

export const newMember = strict({ email: text, role });
export const memberPatch = strict({ role });
export const acceptance = strict({ invitation: text, name: Type.Optional(nullable(text)) });
export const accountPatch = strict({ name: Type.Optional(text), email: Type.Optional(text) });

const memberProperties = {
  membershipId: text,
  /** Null, as the name is, until the invitation is accepted. */
  id: nullable(text),
  email: text,
  name: nullable(text),
  role,
  status: oneOf(membershipStatuses),
};
export const member = Type.Object(memberProperties);
export const invited = Type.Object({ ...memberProperties, invitation: text });

export const account = Type.Object({ id: text, name: text, email: text });
export const accepted = Type.Object({ person: account, token: text });

export function presentMember({ id, person, email, role, status }: Member): Static<typeof member> {
  return { membershipId: id, id: person?.id ?? null, email, name: person?.name ?? null, role, status };
}

export function presentInvited({ member: it, code }: Invited): Static<typeof invited> {
  return { ...presentMember(it), invitation: code };
}

export function presentAccount({ id, name, email }: Person): Static<typeof account> {
  return { id, name, email };
}

/** A cursor may be forged: what is no address goes no further. */
export function emailAfter({ after }: PageAsked): PeoplePosition | null {
  if (after === null) return null;
  const { key, id } = after;
  if (
    typeof key === "string" &&
    /^[ -~]+$/.test(key) &&
    key.length <= limits.emailCharactersMax &&
    isUuid(id)
  )
    return { email: key, id };
  const rule = "must be one that this list gave for the same filters and order";
  throw new CofferError("cursor.invalid", `"cursor" ${rule}`, { field: "cursor" });
}
