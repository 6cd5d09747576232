// Where a certificate comes from, as the listener sees it.
import type { Clock } from "../../core/clock.ts";
import type { EngineLog } from "../../storage/engine.ts";
import type { Config } from "../config.ts";
import type { Pair } from "./pair.ts";

export interface Certificates {
  readonly pair: Pair;
  /** Of `--tls auto`: what clients have to trust. */
  readonly authority: { readonly path: string; readonly fingerprint: string } | null;
  /** Called every second or so. What is to be served from now on; null where that has not changed. */
  look(): Promise<Pair | null>;
}

export interface CertificateParts {
  readonly config: Config;
  /** As it is announced. */
  readonly url: string;
  readonly clock: Clock;
  readonly log: EngineLog;
}

export const dayMs = 24 * 60 * 60 * 1000;
