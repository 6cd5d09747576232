// Where a list goes on. A token names a place in the order of names and the revision of the first page,
// nothing secret: what a caller may see is decided anew for every page.
import { CofferError, invalid } from "../../core/errors.ts";

export interface Place {
  /** Of the first page; all pages tell it. */
  readonly revision: number;
  /** The namespace in which the last object shown was. */
  readonly namespace: string;
  readonly name: string;
  readonly id: string;
}

const tokenCharactersMax = 4_096;

export function continueToken({ revision, namespace, name, id }: Place): string {
  return Buffer.from(JSON.stringify([1, revision, namespace, name, id])).toString("base64url");
}

export function placeOf(token: string | undefined): Place | null {
  if (token === undefined || token === "") return null;
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(token.slice(0, tokenCharactersMax), "base64url").toString("utf8"));
  } catch {
    throw notOurs();
  }
  if (!Array.isArray(parts) || parts.length !== 5) throw notOurs();
  const [form, revision, namespace, name, id]: unknown[] = parts;
  const sound = form === 1 && Number.isSafeInteger(revision) && typeof namespace === "string";
  if (!sound || typeof revision !== "number" || typeof name !== "string" || typeof id !== "string") {
    throw notOurs();
  }
  const readable = [namespace, name, id].every((text) => text.isWellFormed() && !text.includes("\u0000"));
  if (!readable) throw notOurs();
  return { revision, namespace, name, id };
}

function notOurs(): CofferError {
  const message = "continue key is not valid: it is not one that this list gave";
  return new CofferError("request.invalid", message, { field: "continue" });
}

/** Null: all there is. */
export function limitOf(text: string | undefined): number | null {
  if (text === undefined || text === "" || text === "0") return null;
  if (!/^\d{1,15}$/.test(text)) throw invalid("limit", "must be a whole number of at least 0");
  return Number(text);
}
