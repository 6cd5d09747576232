// What goes to the process that speaks with a token, and comes back: bytes are in base64.
import type { Pkcs11Algorithm } from "../provider.ts";
import type { TokenPlace, TokenTrouble } from "./token.ts";

export interface Question {
  /** The vendor's library. */
  readonly module: string;
  readonly place: TokenPlace;
  readonly pin: string;
  readonly work: "wrap" | "unwrap";
  readonly algorithm: Pkcs11Algorithm;
  readonly bytes: string;
  readonly context: string;
}

export type Outcome =
  | { readonly ok: true; readonly bytes: string; readonly serial: string }
  | {
      readonly ok: false;
      /** `package` and `module`: what could not be loaded. */
      readonly trouble: TokenTrouble | "package" | "module";
      readonly code: number | null;
    };
