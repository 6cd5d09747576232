// From the claims of a Buildkite token to the claims that policies of secrets speak of. A claim that
// the job did not ask for with `--claim` is missing, and a rule that names it is never met.
import { isUuid } from "../../core/ids.ts";
import { limits } from "../../core/limits.ts";
import { type Claims, canonical, pipelineClaims } from "../../core/policies/claims.ts";
import { characters } from "../../core/text.ts";
import type { TokenClaims } from "../../core/trusts/claims.ts";

/** By claim of a policy: the claim of the token. */
const sources: Readonly<Record<string, string>> = {
  pipeline_id: "pipeline_id",
  pipeline_slug: "pipeline_slug",
  build_branch: "build_branch",
  build_source: "build_source",
  cluster_queue_id: "queue_id",
  cluster_queue_key: "queue_key",
};

/** Tokens do not say who started the build: a rule that names one of these is never met by them. */
export const neverInTokens: readonly string[] = ["build_creator", "build_creator_team"];

export function jobClaims(token: TokenClaims): Claims {
  const claims: Record<string, string> = {};
  for (const [claim, source] of Object.entries(sources)) {
    const kind = pipelineClaims.get(claim);
    const value = Object.hasOwn(token, source) ? token[source] : null;
    if (kind === undefined || typeof value !== "string" || !isSound(value)) continue;
    if (kind === "uuid" && !isUuid(value)) continue;
    claims[claim] = canonical(kind, value);
  }
  return claims;
}

/** What could not be kept as a claim counts as missing, never as something shorter. */
function isSound(value: string): boolean {
  const whole = value !== "" && value.isWellFormed() && !value.includes("\u0000");
  return whole && characters(value) <= limits.claimCharactersMax;
}

/** The job itself. The agent names it in its path too, and both must be the same. */
export function jobIdOf({ job_id: id }: TokenClaims): string | null {
  return typeof id === "string" && isUuid(id) ? id.toLowerCase() : null;
}
