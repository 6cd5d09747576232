// The limits of requests that the operator has set, put together: each request counts for its credential
// and for the organization that it reaches. Without limits there is nothing to ask. Which organization
// that is was asked of the tables once in a minute, for each credential and name.
import type { Caller } from "../core/caller.ts";
import type { Clock } from "../core/clock.ts";
import { limits } from "../core/limits.ts";
import type { Ref } from "../core/organizations/organization.ts";
import { minuteOf, type Rate, type RateStanding, rateLimit } from "../http/rate-limit.ts";

export interface Rates {
  /** Counts one request; without a promise where it can. Null where nothing limits it. */
  take(caller: Caller, named: Ref | null): Rate | null | Promise<Rate | null>;
}

export interface RateRules {
  readonly perToken: number | null;
  readonly perOrganization: number | null;
}

export function requestRates(
  { perToken, perOrganization }: RateRules,
  parts: {
    readonly clock: Clock;
    /** The organization that a request is charged to. */
    readonly reached: (caller: Caller, named: Ref | null) => Promise<string | null>;
  },
): Rates | null {
  if (perToken === null && perOrganization === null) return null;
  const { clock, reached } = parts;
  const tokens = perToken === null ? null : rateLimit("credential", perToken, clock);
  const organizations = perOrganization === null ? null : rateLimit("organization", perOrganization, clock);
  const known = new Map<string, string | null>();
  let minute = 0;

  return {
    take(caller, named) {
      const { tokenId } = caller;
      if (tokenId === null) return null;
      const own = tokens === null ? null : tokens.take(tokenId);
      // What the credential has used up is not its organization's loss.
      if (organizations === null || own?.exceeded === true) return tighter(own, null);
      const charged = (organizationId: string | null) =>
        tighter(own, organizationId === null ? null : organizations.take(organizationId));
      if (minuteOf(clock.now()) !== minute || known.size >= limits.rateCountsMax) {
        minute = minuteOf(clock.now());
        known.clear();
      }
      const key = `${tokenId} ${nameOf(named)}`;
      const before = known.get(key);
      if (before !== undefined) return charged(before);
      return reached(caller, named).then((organizationId) => {
        known.set(key, organizationId);
        return charged(organizationId);
      });
    },
  };
}

/** What is longer than any slug names nothing, and is not kept. */
function nameOf(named: Ref | null): string {
  const text = named === null ? "" : "id" in named ? named.id : named.slug;
  return text.length > limits.slugCharactersMax ? "*" : text;
}

function tighter(one: RateStanding | null, other: RateStanding | null): Rate | null {
  const all = [one, other].filter((standing) => standing !== null);
  const [first, second = first] = all;
  if (first === undefined || second === undefined) return null;
  if (first.exceeded !== second.exceeded) return { ...(first.exceeded ? first : second), all };
  return { ...(first.remaining <= second.remaining ? first : second), all };
}
