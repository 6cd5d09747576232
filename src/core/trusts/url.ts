import { invalid } from "../errors.ts";
import { limits } from "../limits.ts";

/** Parsers of URLs forgive white space and backslashes, and not all in the same way: here is neither. */
const plain = /^https:\/\/[\x21-\x5b\x5d-\x7e]+$/;

/** The form alone; whether its host may be fetched from is asked where the network is. */
export function parseHttpsUrl(field: string, text: string): URL {
  const max = limits.trustUrlCharactersMax;
  if (text.length > max) throw invalid(field, `must have at most ${max} characters`, { limit: max });
  const url = plain.test(text) ? URL.parse(text) : null;
  if (url === null) throw invalid(field, "must be an https URL");
  if (url.username !== "" || url.password !== "") throw invalid(field, "must not hold a name or password");
  if (text.includes("#")) throw invalid(field, "must not have a fragment");
  return url;
}
