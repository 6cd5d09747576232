// What trusts need of a database.
import type { WorkloadRules } from "./rules.ts";
import type { Trust, TrustTerms } from "./trust.ts";

/** What trusts need of the world outside. */
export interface Workloads {
  /** What the configuration opens to them. */
  readonly rules: WorkloadRules;
  /** Throws where the keys of such a trust may not be asked for. Fetches nothing. */
  check(trust: Pick<TrustTerms, "issuer" | "jwks">): Promise<void>;
}

export interface TrustReader {
  find(organizationId: string, id: string): Promise<Trust | null>;
  /** The only trust of the installation for this issuer and audience. */
  match(issuer: string, audience: string): Promise<Trust | null>;
  /** In order of id, after the given one. */
  list(organizationId: string, page: { after: string | null; limit: number }): Promise<readonly Trust[]>;
}

export interface TrustRepository extends TrustReader {
  /** Throws `trust.audience_taken`. */
  insert(trust: Trust): Promise<void>;
  rename(id: string, name: string): Promise<void>;
  /** With every token of a session that it let in. */
  remove(id: string): Promise<void>;
}
