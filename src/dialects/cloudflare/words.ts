// Refusals in the words of this API: lower case, after ": " what they are about, and a pointer into the
// body. They travel in the details of errors of the domain, whose own sentences its clients do not know.
import { CofferError } from "../../core/errors.ts";

/** A field that breaks a rule. */
export function refused(word: string, pointer = ""): CofferError {
  return new CofferError("request.invalid", word, { field: pointer, rule: word });
}

export interface Word {
  readonly text: string;
  readonly pointer?: string;
}

/** Null where the core's field and rule are no words of ours: its fields are no pointers. */
export function wordOf({ details: { field, rule } }: CofferError): Word | null {
  if (field === undefined || rule === undefined) return null;
  if (field === "") return { text: rule };
  return field.startsWith("/") ? { text: rule, pointer: field } : null;
}

/** For the end of a promise: a refusal of the core in the words that `wording` has for it, if any. */
export function inWords(wording: (error: CofferError) => Word | null) {
  return (error: unknown): never => {
    const word = error instanceof CofferError ? wording(error) : null;
    if (word === null || !(error instanceof CofferError)) throw error;
    const { code, message, details, because } = error;
    const said = { ...details, field: word.pointer ?? "", rule: word.text };
    throw new CofferError(code, message, said, because === null ? {} : { because });
  };
}
