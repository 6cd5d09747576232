// The same decision with its reasons, rule by rule, for the person who asks why.
import type { Decision } from "../decision.ts";
import { type Claims, claimOf } from "./claims.ts";
import { evaluate, isMet } from "./evaluate.ts";
import type { Policy } from "./parse.ts";

export interface Explanation extends Decision {
  readonly rules: readonly ExplainedRule[];
}

export interface ExplainedRule {
  /** Counted from 1, as in `because`. */
  readonly rule: number;
  readonly line: number;
  readonly met: boolean;
  readonly claims: readonly ExplainedClaim[];
}

export interface ExplainedClaim {
  readonly claim: string;
  readonly outcome: "met" | "no condition matches" | "the job has no such claim";
}

export function explain(policy: Policy | null, claims: Claims): Explanation {
  const rules = (policy?.rules ?? []).map(({ line, requirements }, index) => {
    const explained = requirements.map((requirement): ExplainedClaim => {
      const { claim } = requirement;
      if (isMet(requirement, claims)) return { claim, outcome: "met" };
      const made = claimOf(claims, claim) !== null;
      return { claim, outcome: made ? "no condition matches" : "the job has no such claim" };
    });
    return {
      rule: index + 1,
      line,
      met: explained.every(({ outcome }) => outcome === "met"),
      claims: explained,
    };
  });
  return { ...evaluate(policy, claims), rules };
}
