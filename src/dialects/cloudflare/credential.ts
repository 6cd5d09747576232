// The three ways in which clients of this API show who they are: a Bearer token, an e-mail address with
// its key, a service key. Each is a token of Coffer; the first that a request has counts.
import { CofferError } from "../../core/errors.ts";
import type { RequestHeaders } from "../dialect.ts";

const given = /^bearer +([\w.~+/=-]+)$/i;

/** Throws where the header cannot be read: its clients are told so, and not that nobody knows it. */
export function credential(headers: RequestHeaders): string | null {
  const { authorization } = headers;
  if (authorization !== undefined) {
    const token = typeof authorization === "string" ? given.exec(authorization)?.[1] : undefined;
    if (token === undefined) throw malformed();
    return token;
  }
  return pair(headers)?.key ?? text(headers["x-auth-user-service-key"]);
}

/** The e-mail address and key by which a request comes; null where it comes by another way. */
export function pair(headers: RequestHeaders): { readonly email: string; readonly key: string } | null {
  if (headers.authorization !== undefined) return null;
  const email = text(headers["x-auth-email"]);
  const key = text(headers["x-auth-key"]);
  return email === null || key === null ? null : { email, key };
}

function text(header: string | string[] | undefined): string | null {
  return typeof header === "string" && header !== "" ? header : null;
}

function malformed(): CofferError {
  return new CofferError(
    "caller.unauthenticated",
    "The Authorization header must be Bearer and a token.",
    { field: "authorization" },
    { because: "malformed" },
  );
}

/** A key is good with the address of its person alone. */
export function wrongPair(): CofferError {
  const message = "The e-mail address and the key do not belong together.";
  return new CofferError("caller.unauthenticated", message, { field: "x-auth-email" }, { because: "wrong" });
}
