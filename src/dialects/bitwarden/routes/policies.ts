// Who has access: policies on projects, secrets and machine accounts, and what a machine account was
// granted. A list that is sent takes the place of the one that was there.
import type { GrantObject } from "../../../core/grants/grant.ts";
import type { GroupPolicy, PersonPolicy, Policies } from "../../../core/sights/policies.ts";
import { policiesIn, policyList } from "../access.ts";
import * as present from "../present.ts";
import {
  atThing,
  BusinessRefusal,
  inOrganization,
  type Place,
  Refusal,
  route,
  type Site,
  whereLies,
} from "../route.ts";
import * as schema from "../schema.ts";
import { membersOf } from "../validation.ts";
import type { Wire } from "../wire.ts";

const only = "people";

export function policyRoutes(site: Site): void {
  onProjects(site);
  onMachines(site);
  const { sights } = site.operations;
  const ofSecret = { method: "GET", url: "/secrets/:id/access-policies", only } as const;
  route(site, { ...ofSecret, answer: schema.policies }, async (asked) => {
    // Who may see it need not be given the value.
    const place = await whereLies(site, asked, "secret", "id");
    if (place instanceof Refusal) return place;
    const found = await sights.policiesOn(place.caller, place.org, { kind: "secret", id: place.id });
    return {
      object: "secretAccessPolicies",
      ...people(found),
      serviceAccountAccessPolicies: machines(found, place.wire),
    };
  });
  granteeRoutes(site);
}

function onProjects(site: Site): void {
  const { sights } = site.operations;
  const shown = async ({ caller, org, wire }: Place, id: string, kind: "people" | "machines") => {
    const found = await sights.policiesOn(caller, org, { kind: "store", id });
    return kind === "people"
      ? { object: "projectPeopleAccessPolicies", ...people(found) }
      : {
          object: "ProjectServiceAccountsAccessPolicies",
          serviceAccountAccessPolicies: machines(found, wire),
        };
  };
  const parts = [
    { kind: "people", path: "people", subjects: ["membership", "group"], holders: ["person", "group"] },
    { kind: "machines", path: "service-accounts", subjects: ["machine"], holders: ["machine"] },
  ] as const;
  for (const { kind, path, subjects, holders } of parts) {
    const url = `/projects/:id/access-policies/${path}`;
    route(site, { method: "GET", url, only, answer: schema.policies }, async (asked) => {
      const place = await atThing(site, asked, "store", "id");
      if (place instanceof Refusal) return place;
      return shown(place, place.id, kind);
    });
    route(site, { method: "PUT", url, only, answer: schema.policies }, async (asked) => {
      const place = await atThing(site, asked, "store", "id");
      if (place instanceof Refusal) return place;
      const wanted = policiesIn(asked.body, subjects);
      if (wanted instanceof Refusal || wanted instanceof BusinessRefusal) return wanted;
      const { caller, org, id } = place;
      const object: GrantObject = { kind: "store", id };
      const before = await shown(place, id, kind);
      await sights.replaceGrants(caller, org, { object, kinds: holders, wanted });
      return afterwards(() => shown(place, id, kind), before);
    });
  }
}

function onMachines(site: Site): void {
  const { sights } = site.operations;
  const url = "/service-accounts/:id/access-policies/people";
  const shown = async ({ caller, org }: Place, id: string) => ({
    object: "serviceAccountAccessPolicies",
    ...people(await sights.policiesOn(caller, org, { kind: "machine", id })),
  });
  route(site, { method: "GET", url, only, answer: schema.policies }, async (asked) => {
    const place = await atThing(site, asked, "machine", "id");
    return place instanceof Refusal ? place : shown(place, place.id);
  });
  route(site, { method: "PUT", url, only, answer: schema.policies }, async (asked) => {
    const place = await atThing(site, asked, "machine", "id");
    if (place instanceof Refusal) return place;
    const wanted = policiesIn(asked.body, ["membership", "group"], true);
    if (wanted instanceof Refusal || wanted instanceof BusinessRefusal) return wanted;
    const { caller, org, id } = place;
    const before = await shown(place, id);
    const object: GrantObject = { kind: "machine", id };
    await sights.replaceGrants(caller, org, { object, kinds: ["person", "group"], wanted });
    return afterwards(() => shown(place, id), before);
  });

  const granted = "/service-accounts/:id/granted-policies";
  const grantedTo = async ({ caller, org, wire }: Place, id: string) => ({
    object: "ServiceAccountGrantedPoliciesPermissionDetails",
    grantedProjectPolicies: (await sights.policiesOf(caller, org, id)).map((policy) => ({
      object: "grantedProjectAccessPolicyPermissionDetails",
      hasPermission: policy.permitted,
      accessPolicy: {
        object: "grantedProjectAccessPolicy",
        read: true,
        write: policy.write,
        grantedProjectId: policy.storeId,
        grantedProjectName: wire.out(policy.name),
      },
    })),
  });
  route(site, { method: "GET", url: granted, only, answer: schema.granted }, async (asked) => {
    const place = await atThing(site, asked, "machine", "id");
    return place instanceof Refusal ? place : grantedTo(place, place.id);
  });
  route(site, { method: "PUT", url: granted, only, answer: schema.granted }, async (asked) => {
    const place = await atThing(site, asked, "machine", "id");
    if (place instanceof Refusal) return place;
    const listed = policyList(membersOf(asked.body), "ProjectGrantedPolicyRequests", "GrantedId", false);
    if (listed instanceof Refusal || listed instanceof BusinessRefusal) return listed;
    const { caller, org, id } = place;
    for (const policy of listed) await sights.store(caller, org, policy.id);
    const wanted = listed.map((policy) => ({ storeId: policy.id, write: policy.write }));
    await sights.replaceGrants(caller, org, { machineId: id, wanted });
    return grantedTo(place, id);
  });
}

/** Who has just taken his own access away is shown what he left, as far as he had seen it. */
async function afterwards<T>(shown: () => Promise<T>, before: T): Promise<T> {
  try {
    return await shown();
  } catch {
    return before;
  }
}

function granteeRoutes(site: Site): void {
  const { sights } = site.operations;
  const base = "/organizations/:organizationId/access-policies";
  const answer = schema.list(schema.grantee);
  const none = { email: null, currentUserInGroup: false, currentUser: false };
  const potential = (path: string, of: (place: Place) => Promise<readonly object[]>) =>
    route(site, { method: "GET", url: `${base}/${path}/potential-grantees`, only, answer }, async (asked) => {
      const place = await inOrganization(site, asked);
      if (place instanceof Refusal) return place;
      const found = await of(place);
      return present.listOf(found.map((each) => ({ object: "potentialGrantee", ...none, ...each }))) as never;
    });

  potential("people", async ({ caller, org }) => {
    const found = await sights.grantees(caller, org);
    return [
      ...found.people.map(({ membershipId, name, email, own }) => ({
        id: membershipId,
        name: name === "" ? email : name,
        type: "user",
        email,
        currentUser: own,
      })),
      ...found.groups.map(({ id, name, own }) => ({ id, name, type: "group", currentUserInGroup: own })),
    ];
  });
  potential("service-accounts", async ({ caller, org, wire }) => {
    const found = (await sights.machines(caller, org)).filter(({ may }) => may.write);
    return found.map(({ machine: { id, name } }) => ({ id, name: wire.out(name), type: "serviceAccount" }));
  });
  potential("projects", async ({ caller, org, wire }) => {
    const found = (await sights.stores(caller, org)).filter(({ may }) => may.write);
    return found.map(({ store: { id, name } }) => ({ id, name: wire.out(name), type: "project" }));
  });
}

function people({ people: persons, groups }: Pick<Policies, "people" | "groups">) {
  return {
    userAccessPolicies: persons.map((person: PersonPolicy) => ({
      object: "userAccessPolicy",
      read: true,
      write: person.write,
      organizationUserId: person.membershipId,
      organizationUserName: person.name === "" ? person.email : person.name,
      currentUser: person.own,
    })),
    groupAccessPolicies: groups.map((group: GroupPolicy) => ({
      object: "groupAccessPolicy",
      read: true,
      write: group.write,
      groupId: group.id,
      groupName: group.name,
      currentUserInGroup: group.own,
    })),
  };
}

function machines({ machines: all }: Pick<Policies, "machines">, wire: Wire) {
  return all.map(({ id, name, write }) => ({
    object: "serviceAccountProjectAccessPolicy",
    read: true,
    write,
    serviceAccountId: id,
    serviceAccountName: wire.out(name),
  }));
}
