// The root-key provider "env": a variable with the text of a key file, or with one bare key.
import { CofferError } from "../../core/errors.ts";
import { parseRootKeys, type RootKeys } from "./keys.ts";

export const rootKeyVariable = "COFFER_ROOT_KEY";

/** Says of what is wrong where it stands; never what stands there. */
export function rootKeysOfVariable(text: string): RootKeys {
  try {
    return parseRootKeys(text, "variable");
  } catch (error) {
    if (!(error instanceof CofferError)) throw error;
    throw new CofferError(
      error.code,
      `${error.message} It stands in ${rootKeyVariable}.`,
      {},
      { cause: error },
    );
  }
}
