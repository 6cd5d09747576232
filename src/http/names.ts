// Names of secrets as a request has them.
import { limits } from "../core/limits.ts";

/** What no secret can be called becomes a name that none has, so that it is missing like any other. */
export function nameRef(text: string): { readonly name: string } {
  const bounded = text.length <= limits.secretNameCharactersMax;
  return { name: bounded && text.isWellFormed() && !text.includes("\u0000") ? text : "" };
}
