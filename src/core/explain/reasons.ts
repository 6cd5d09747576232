// Why a decision is what it is: every fact that speaks for it or against it, in the order in which
// they count. Pure, and it decides nothing itself: the verdict is authorize's.
import { type Action, actions } from "../actions.ts";
import {
  type Authority,
  authorize,
  grantText,
  type Holdings,
  heldOn,
  narrowing,
  type Standing,
  type Target,
} from "../authorize.ts";
import { CofferError } from "../errors.ts";
import { actionsOf } from "../grants/grant.ts";
import { pipelineClaims } from "../policies/claims.ts";
import { explain as explainPolicy } from "../policies/explain.ts";
import { parsePolicy } from "../policies/parse.ts";

export interface Explained {
  readonly allowed: boolean;
  /** The first is the verdict's own reason. */
  readonly because: readonly string[];
}

export function reasons(authority: Authority, action: Action, target: Target): Explained {
  const { allowed, because } = authorize(authority, action, target);
  const facts = [
    ...credentialFacts(authority, action, target),
    ...standingFacts(authority.standing, action, target),
  ];
  return { allowed, because: [...new Set([because, ...facts])] };
}

function credentialFacts(authority: Authority, action: Action, target: Target): readonly string[] {
  const { scopes, stores } = authority;
  if (scopes === null && stores === null) return [];
  const taken = narrowing(authority, action, target);
  return [taken ?? "token: narrowed, and this is within it"];
}

function standingFacts(standing: Standing | null, action: Action, target: Target): readonly string[] {
  switch (standing?.kind) {
    case undefined:
      return ["no membership"];
    case "person":
      return [`membership: ${standing.role}`, ...grantFacts(standing.holdings, action, target)];
    case "machine":
      return grantFacts(standing.holdings, action, target);
    case "service":
      return serviceFacts(standing, target);
    case "job":
      return jobFacts(standing, target);
  }
}

function grantFacts(holdings: Holdings, action: Action, target: Target): readonly string[] {
  const held = heldOn(holdings, target).map(({ object, held: grant }) => {
    const text = grantText(object, grant);
    return actionsOf(object, grant.level).has(action) ? text : `${text}, which does not allow ${action}`;
  });
  return held.length === 0 ? ["no grant there"] : held;
}

function serviceFacts(
  { name, stores }: Extract<Standing, { kind: "service" }>,
  target: Target,
): readonly string[] {
  const bound =
    stores === null || (target.storeId !== null && stores.includes(target.storeId))
      ? "service: bound to this store, or to all"
      : "service: bound to other stores";
  if (target.secret === undefined) return [bound];
  const listed = target.secret.consumers?.includes(name) === true;
  return [bound, listed ? "consumers: name the service" : "consumers: do not name the service"];
}

function jobFacts(
  { storeId, claims }: Extract<Standing, { kind: "job" }>,
  target: Target,
): readonly string[] {
  if (target.storeId !== storeId) return ["job: of another store"];
  if (target.secret === undefined) return ["job: no secret in particular"];
  const { policy } = target.secret;
  if (policy === null) return ["policy: none, so every job of the store"];
  try {
    const { rules } = explainPolicy(parsePolicy(policy, pipelineClaims), claims);
    return rules.map(
      ({ rule, line, met, claims: asked }) =>
        `policy rule ${rule} (line ${line}): ${met ? "met" : "not met"} (${asked
          .map(({ claim, outcome }) => `${claim}: ${outcome}`)
          .join(", ")})`,
    );
  } catch (error) {
    if (error instanceof CofferError) return ["policy: cannot be read"];
    throw error;
  }
}

export function isAction(text: string): text is Action {
  return actions.some((action) => action === text);
}
