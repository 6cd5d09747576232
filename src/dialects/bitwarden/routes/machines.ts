// Machine accounts and their access tokens, for people who manage them.

import { machineNotFound } from "../../../core/machines/machine.ts";
import { instant } from "../../../http/queries.ts";
import * as present from "../present.ts";
import {
  atThing,
  bulkBytesMax,
  inOrganization,
  placeIn,
  Refusal,
  route,
  type Site,
  whereLies,
} from "../route.ts";
import * as schema from "../schema.ts";
import { Check, idsOf, repeatedIn } from "../validation.ts";

const named = "/organizations/:organizationId/service-accounts";
const one = "/service-accounts/:id";
const only = "people";

export function machineRoutes(site: Site): void {
  const { sights, machines } = site.operations;

  route(
    site,
    { method: "GET", url: named, only, answer: schema.list(schema.listedMachine) },
    async (asked) => {
      const place = await inOrganization(site, asked);
      if (place instanceof Refusal) return place;
      const { caller, org, wire } = place;
      const found = await sights.machines(caller, org);
      const counted = String(queryOf(asked.query, "includeAccessToSecrets")).toLowerCase() === "true";
      const ids = found.map(({ machine }) => machine.id);
      const reach = counted ? await sights.reachOf(caller, org, ids) : [];
      return present.listOf(
        found.map((sight, index) => ({
          ...present.machine(sight, wire),
          accessToSecrets: reach[index] ?? 0,
        })),
      );
    },
  );

  route(site, { method: "POST", url: named, only, answer: schema.machine }, async (asked) => {
    const place = await inOrganization(site, asked);
    if (place instanceof Refusal) return place;
    const check = new Check(asked.body);
    const name = check.sealed("Name", "name", place.wire);
    if (check.refusal !== null) return check.refusal;
    const { caller, org, wire } = place;
    const machine = await machines.create(caller, org, { name, ...opaque(wire.opaque) });
    return present.machine({ machine }, wire);
  });

  route(site, { method: "GET", url: one, only, answer: schema.machine }, async (asked) => {
    const place = await atThing(site, asked, "machine", "id");
    if (place instanceof Refusal) return place;
    return present.machine(place.sight, place.wire);
  });

  route(site, { method: "PUT", url: one, only, answer: schema.machine }, async (asked) => {
    const place = await atThing(site, asked, "machine", "id");
    if (place instanceof Refusal) return place;
    const check = new Check(asked.body);
    const name = check.sealed("Name", "name", place.wire);
    if (check.refusal !== null) return check.refusal;
    const { caller, org, id, wire } = place;
    const machine = await machines.update(caller, org, id, { name, ...opaque(wire.opaque) });
    return present.machine({ machine }, wire);
  });

  const deletion = { method: "POST", url: "/service-accounts/delete", bodyBytesMax: bulkBytesMax } as const;
  route(site, { ...deletion, only, answer: schema.removed }, async (asked) => {
    const ids = idsOf(asked.body);
    if (ids instanceof Refusal) return ids;
    const [first] = ids;
    if (first === undefined || repeatedIn(ids).length > 0) throw machineNotFound("none, or one twice");
    const { caller } = asked;
    const { org } = await placeIn(site, caller, await sights.where(caller, "machine", first));
    const found = [];
    for (const id of ids) found.push(await sights.machine(caller, org, id));
    const items = [];
    for (const { machine, may } of found) {
      if (may.write) await machines.remove(caller, org, machine.id);
      items.push({ id: machine.id, error: may.write ? null : "access denied" });
    }
    return present.removed(items);
  });

  accessTokenRoutes(site);
}

function accessTokenRoutes(site: Site): void {
  const { accessTokens } = site.operations;
  const tokens = `${one}/access-tokens`;

  route(
    site,
    { method: "GET", url: tokens, only, answer: schema.list(schema.accessToken) },
    async (asked) => {
      const place = await atThing(site, asked, "machine", "id");
      if (place instanceof Refusal) return place;
      const { caller, org, id, wire } = place;
      const found = await accessTokens.list(caller, org, id);
      return present.listOf(found.map((token) => present.accessToken(token, wire)));
    },
  );

  route(site, { method: "POST", url: tokens, only, answer: schema.newAccessToken }, async (asked) => {
    const place = await atThing(site, asked, "machine", "id");
    if (place instanceof Refusal) return place;
    const { caller, org, id, wire, sight } = place;
    const check = new Check(asked.body);
    const name = check.sealed("Name", "tokenName", wire);
    const payload = check.sealed("EncryptedPayload", "payload", null);
    const key = check.sealed("Key", "key", wire);
    const expiresAt = expiryOf(check);
    // Bridged: the client's key of the token, by which its payload is made anew with the token's own.
    const tokenKey = wire.opaque ? null : Buffer.from(key, "base64");
    if (tokenKey !== null && check.refusal === null && tokenKey.length !== tokenKeyBytes)
      check.problem("Key", "Key is not a valid encrypted string.");
    if (check.refusal !== null) return check.refusal;
    if (!sight.may.write) throw machineNotFound("no write");
    const made = tokenKey === null ? { payload } : { tokenKey };
    const { token, secret } = await accessTokens.mintFor(caller, org, id, { name, expiresAt, made });
    const { scopes: _scopes, ...shown } = present.accessToken(token, wire);
    return { ...shown, object: "accessTokenCreation", clientSecret: secret };
  });

  route(site, { method: "POST", url: `${tokens}/revoke`, only }, async (asked) => {
    // Who may revoke need not see the machine. So whether he may is asked by revoking none where what is
    // wrong with his body would tell him that it is there.
    const place = await whereLies(site, asked, "machine", "id");
    if (place instanceof Refusal) return place;
    const check = new Check(asked.body);
    const ids = check.ids("Ids", check.member("Ids"));
    await accessTokens.revoke(place.caller, place.org, place.id, check.refusal === null ? ids : []);
    return check.refusal ?? undefined;
  });
}

const tokenKeyBytes = 64;

function expiryOf(check: Check): number | null {
  const given = check.member("ExpireAt");
  if (given === null) return null;
  try {
    const at = instant("expireAt", String(given));
    if (at > Date.now()) return at;
    check.problem("", "Please select an expiration date that is in the future.");
  } catch {
    check.problem("ExpireAt", "The ExpireAt field must be a date with a time zone.");
  }
  return null;
}

function opaque(sealed: boolean): { opaque?: true } {
  return sealed ? { opaque: true } : {};
}

function queryOf(query: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.entries(query).find(([each]) => each.toLowerCase() === name.toLowerCase())?.[1];
}
