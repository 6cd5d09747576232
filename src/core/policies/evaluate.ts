// May a job with these claims read a secret with this policy? Pure; what cannot be read refuses.
import { allowed, type Decision, refused } from "../decision.ts";
import { type Claims, claimOf, pipelineClaims } from "./claims.ts";
import { matches } from "./glob.ts";
import { policyMemory } from "./memory.ts";
import type { Policy, Requirement } from "./parse.ts";

/** Null: there is no policy, and every job of the store may. */
export function evaluate(policy: Policy | null, claims: Claims): Decision {
  if (policy === null) return allowed("no policy");
  for (const [index, rule] of policy.rules.entries()) {
    if (rule.requirements.every((requirement) => isMet(requirement, claims))) {
      return allowed(`policy rule ${index + 1}`);
    }
  }
  return refused(whyNone(policy, claims));
}

/** A claim that the job does not make is never met, not even by a lone star. */
export function isMet({ claim, patterns }: Requirement, claims: Claims): boolean {
  const value = claimOf(claims, claim);
  if (value === null) return false;
  if (typeof value === "string") return patterns.some((pattern) => matches(pattern, value));
  return value.some((each) => patterns.some((pattern) => matches(pattern, each)));
}

/** More would only make the audit trail longer. */
const rulesTold = 10;

function whyNone({ rules }: Policy, claims: Claims): string {
  const asked = new Set(rules.flatMap(({ requirements }) => requirements.map(({ claim }) => claim)));
  const missing = [...asked].filter((claim) => claimOf(claims, claim) === null);
  const failed = rules.slice(0, rulesTold).map(({ requirements }, index) => {
    const unmet = requirements.find((requirement) => !isMet(requirement, claims));
    return `rule ${index + 1} by ${unmet?.claim ?? "nothing"}`;
  });
  if (rules.length > rulesTold) failed.push("...");
  const none = `no rule of the policy is met (${failed.join(", ")})`;
  return missing.length === 0 ? none : `${none}; the job has no ${missing.join(", ")}`;
}

const known = policyMemory(pipelineClaims);

/** The same for the text that is stored beside a secret. */
export function judge(text: string | null, claims: Claims): Decision {
  const policy = known(text);
  if (policy === "unreadable") return refused("the policy cannot be read");
  return evaluate(policy, claims);
}
