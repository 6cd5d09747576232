import { expect, test } from "vitest";
import { limits } from "../../src/core/limits.ts";
import type { KeyRecord, TokenRecord } from "../../src/core/ports.ts";
import { unnarrowed } from "../../src/core/tokens/token.ts";
import { sql, UniqueViolation } from "../../src/storage/sql.ts";
import { onEachEngine } from "../support/repositories.ts";
import { anOrganization, aPlace, aSecret, aStore, plain, robot } from "../support/rows.ts";

onEachEngine("the installation", (bench) => {
  const aKey = (parts: Partial<KeyRecord> = {}): KeyRecord => ({
    id: "key-1",
    organizationId: null,
    term: 1,
    state: "current",
    rootKeyId: "root",
    wrapped: Uint8Array.of(0, 128, 255),
    sealsReserved: 0,
    createdAt: 5,
    ...parts,
  });

  test("is one row", async () => {
    expect(await bench.tx.installation.find()).toBeNull();
    expect(await bench.tx.installation.insert({ id: "i", createdAt: 7 })).toBe(true);
    expect(await bench.tx.installation.find()).toEqual({ id: "i", createdAt: 7 });
    expect(await bench.tx.installation.insert({ id: "j", createdAt: 8 })).toBe(false);
  });

  test("keeps its own keys apart from those of organizations, each by term", async () => {
    const { organization } = await aPlace(bench.tx);
    const own = [aKey({ id: "b", term: 2 }), aKey({ id: "a", term: 1, state: "retired" })];
    const theirs = aKey({ id: "c", organizationId: organization.id, sealsReserved: 65_536 });
    for (const key of [...own, theirs]) await bench.tx.installation.insertKey(key);
    const bytes = (keys: readonly KeyRecord[]) =>
      keys.map((key) => ({ ...key, wrapped: plain(key.wrapped) }));
    expect(bytes(await bench.tx.installation.keys())).toEqual(bytes(own.toReversed()));
    expect(bytes(await bench.tx.installation.organizationKeys(organization.id))).toEqual(bytes([theirs]));
    expect(await bench.tx.installation.organizationKeys("none")).toEqual([]);
  });

  test("has one key per term, its own too", async () => {
    await bench.tx.installation.insertKey(aKey());
    await expect(bench.tx.installation.insertKey(aKey({ id: "key-2" }))).rejects.toThrow(UniqueViolation);
  });

  test("keeps internal keys with their public half", async () => {
    const key = { id: "k", purpose: "audit-signing", term: 1, publicKey: "MCow", createdAt: 3 } as const;
    const hidden = { id: "f", purpose: "fingerprint", term: 1, publicKey: null, createdAt: 4 } as const;
    await bench.tx.installation.insertInternalKey({ ...hidden, sealed: Uint8Array.of(2) });
    await bench.tx.installation.insertInternalKey({ ...key, sealed: Uint8Array.of(1) });
    const found = await bench.tx.installation.internalKeys();
    expect(found.map((it) => ({ ...it, sealed: plain(it.sealed) }))).toEqual([
      { ...key, sealed: [1] },
      { ...hidden, sealed: [2] },
    ]);
  });

  test("reserves seals for a current key up to what one term may seal", async () => {
    await bench.tx.installation.insertKey(aKey({ id: "now", sealsReserved: limits.sealsPerTermMax - 20 }));
    await bench.tx.installation.insertKey(aKey({ id: "past", term: 2, state: "retired" }));
    expect(await bench.tx.installation.reserveSeals("now", 15)).toBe(limits.sealsPerTermMax - 5);
    expect(await bench.tx.installation.reserveSeals("now", 6)).toBeNull();
    expect(await bench.tx.installation.reserveSeals("now", 5)).toBe(limits.sealsPerTermMax);
    expect(await bench.tx.installation.reserveSeals("past", 1)).toBeNull();
    expect(await bench.tx.installation.reserveSeals("none", 1)).toBeNull();
  });

  test("knows which term of an organization seals", async () => {
    const { organization } = await aPlace(bench.tx);
    await bench.tx.installation.insertKey(
      aKey({ id: "a", organizationId: organization.id, state: "retired" }),
    );
    await bench.tx.installation.insertKey(aKey({ id: "b", organizationId: organization.id, term: 2 }));
    const current = (term: number) => bench.tx.installation.isCurrentTerm(organization.id, term);
    expect([await current(1), await current(2), await current(3)]).toEqual([false, true, false]);
  });
});

onEachEngine("access", (bench) => {
  const person = { id: "p", email: "Ada@Example.org", name: "Ada", operator: true, createdAt: 2 };
  const token: TokenRecord = {
    id: "t",
    organizationId: null,
    principalKind: "person",
    principalId: "p",
    name: "laptop",
    hash: Uint8Array.of(1, 0, 255),
    ...unnarrowed,
    expiresAt: null,
    revokedAt: null,
    createdAt: 3,
  };

  test("a credential is a token with the person it speaks for", async () => {
    const { organization } = await aPlace(bench.tx);
    await bench.tx.people.insert(person);
    const narrow = { organizationId: organization.id, scopes: ["secret.*"], stores: ["s"] };
    await bench.tx.access.insertToken(token);
    await bench.tx.access.insertToken({ ...token, ...narrow, id: "u", expiresAt: 8, revokedAt: 9 });
    expect(await bench.tx.access.credential("u"), "without a membership").toBeNull();
    const membership = { id: "m", organizationId: organization.id, personId: "p", createdAt: 4 };
    await bench.tx.people.insertMembership({ ...membership, role: "member" });
    const principal = {
      kind: "person",
      id: "p",
      name: "Ada",
      organizationId: null,
      email: "Ada@Example.org",
      operator: true,
      stores: null,
      job: null,
    };
    const read = async (id: string) => {
      const found = await bench.tx.access.credential(id);
      return found && { ...found, token: { ...found.token, hash: plain(found.token.hash) } };
    };
    const hash = plain(token.hash);
    expect(await read("t")).toEqual({ principal, token: { ...token, hash } });
    const wider = { ...token, ...narrow, hash, id: "u", expiresAt: 8, revokedAt: 9 };
    expect(await read("u")).toEqual({ principal, token: wider });
    expect(await read("none")).toBeNull();
  });

  test("an e-mail address belongs to one person, letter case apart", async () => {
    await bench.tx.people.insert(person);
    const again = bench.tx.people.insert({ ...person, id: "q", email: "ada@example.ORG" });
    await expect(again).rejects.toMatchObject({ code: "people.email_taken" });
  });

  test("the first operator is the oldest", async () => {
    expect(await bench.tx.people.firstOperator()).toBeNull();
    await bench.tx.people.insert({ ...person, id: "a", email: "a", operator: false, createdAt: 1 });
    await bench.tx.people.insert({ ...person, id: "b", email: "b", createdAt: 3 });
    await bench.tx.people.insert(person);
    expect(await bench.tx.people.firstOperator()).toEqual(person);
  });

  test("a role is that of the membership, one per person and organization", async () => {
    const { organization } = await aPlace(bench.tx);
    const other = anOrganization();
    await bench.tx.organizations.insert(other);
    await bench.tx.people.insert(person);
    const member = {
      id: "m",
      organizationId: organization.id,
      personId: "p",
      role: "auditor",
      createdAt: 1,
    } as const;
    await bench.tx.people.insertMembership(member);
    await bench.tx.people.insertMembership({ ...member, id: "n", organizationId: other.id, role: "owner" });
    expect(await bench.tx.access.role(organization.id, "p")).toBe("auditor");
    expect(await bench.tx.access.role(organization.id, "q")).toBeNull();
    const memberships = await bench.tx.access.memberships("p");
    expect(new Map(memberships.map((it) => [it.organizationId, it.role]))).toEqual(
      new Map([
        [organization.id, "auditor"],
        [other.id, "owner"],
      ]),
    );
    const again = bench.tx.people.insertMembership({ ...member, id: "o", role: "owner" });
    await expect(again).rejects.toThrow(UniqueViolation);
  });

  test("epochs rise apart, and one that was never started is an error", async () => {
    await bench.tx.access.startEpoch("installation");
    await bench.tx.access.startEpoch("a");
    await bench.tx.access.startEpoch("b");
    await bench.tx.access.raiseEpoch("a");
    await bench.tx.access.raiseEpoch("a");
    await bench.tx.access.raiseInstallationEpoch();
    expect(await bench.tx.access.epochs("a")).toEqual({ installation: 2, organization: 3 });
    expect(await bench.tx.access.epochs("b")).toEqual({ installation: 2, organization: 1 });
    await expect(bench.tx.access.epochs("c")).rejects.toThrow(/no access epoch/);
    await expect(bench.tx.access.raiseEpoch("c")).rejects.toThrow(/no access epoch/);
  });
});

onEachEngine("people", (bench) => {
  const person = { id: "p", email: "Ada@Example.org", name: "Ada", operator: false, createdAt: 2 };

  test("whose membership ends has no group, token or grant left there, and keeps those elsewhere", async () => {
    const { organization } = await aPlace(bench.tx);
    const other = anOrganization();
    await bench.tx.organizations.insert(other);
    await bench.tx.people.insert(person);
    await bench.tx.people.insert({ ...person, id: "q", email: "q@example.org" });
    const token: TokenRecord = {
      id: "t",
      organizationId: null,
      principalKind: "person",
      principalId: "p",
      name: "laptop",
      hash: Uint8Array.of(1),
      ...unnarrowed,
      expiresAt: null,
      revokedAt: null,
      createdAt: 3,
    };
    for (const { id } of [organization, other]) {
      for (const personId of ["p", "q"]) {
        const membership = { id: `${personId}@${id}`, organizationId: id, personId, createdAt: 1 };
        await bench.tx.people.insertMembership({ ...membership, role: "member" });
        const bound = { ...token, id: `${personId}:${id}`, organizationId: id, principalId: personId };
        await bench.tx.access.insertToken(bound);
      }
      await bench.db.run(
        sql`INSERT INTO access_groups (id, organization_id, name, created_at) VALUES ($1, $2, 'g', 1)`,
        [`g@${id}`, id],
      );
      for (const personId of ["p", "q"]) {
        await bench.db.run(
          sql`INSERT INTO access_group_members (group_id, person_id, organization_id, created_at)
            VALUES ($1, $2, $3, 1)`,
          [`g@${id}`, personId, id],
        );
      }
      const object = { kind: "organization", id } as const;
      const subject = { kind: "group", id: `g@${id}` } as const;
      await bench.tx.grants.put(id, { subject, object, level: "read" }, 1);
    }
    await bench.tx.access.insertToken(token);

    await bench.tx.people.removeMembership(organization.id, `p@${organization.id}`, "p");
    const holds = async (personId: string, { id }: { id: string }) => [
      await bench.tx.access.role(id, personId),
      (await bench.tx.access.credential(`${personId}:${id}`)) !== null,
      (await bench.tx.grants.heldBy(id, "person", personId)).length,
    ];
    expect(await holds("p", organization)).toEqual([null, false, 0]);
    expect(await holds("p", other)).toEqual(["member", true, 1]);
    expect(await holds("q", organization)).toEqual(["member", true, 1]);
    expect(await bench.tx.access.credential("t")).not.toBeNull();
    expect(await bench.tx.people.find("p")).toEqual(person);
    // Not only out of reach: a membership that comes back brings no token along.
    const back = { id: "back", organizationId: organization.id, personId: "p", createdAt: 9 } as const;
    await bench.tx.people.insertMembership({ ...back, role: "member" });
    expect(await holds("p", organization)).toEqual(["member", false, 0]);
  });

  test("an invitation takes the place of one to the same address, in its organization alone", async () => {
    const { organization } = await aPlace(bench.tx);
    const other = anOrganization();
    await bench.tx.organizations.insert(other);
    const invitation = {
      id: "i",
      organizationId: organization.id,
      email: "Ada@Example.org",
      role: "member",
      hash: Uint8Array.of(1, 0, 255),
      createdAt: 3,
      createdBy: robot,
      expiresAt: 9,
    } as const;
    const elsewhere = { ...invitation, id: "j", organizationId: other.id };
    await bench.tx.people.putInvitation(invitation);
    await bench.tx.people.putInvitation(elsewhere);
    const read = async (id: string) => {
      const found = await bench.tx.people.invitation(id);
      return found && { ...found, hash: plain(found.hash) };
    };
    expect(await read("i")).toEqual({ ...invitation, hash: plain(invitation.hash) });
    const next = {
      ...invitation,
      id: "k",
      email: "ada@example.org",
      role: "owner",
      hash: Uint8Array.of(2),
    } as const;
    await bench.tx.people.putInvitation(next);
    expect(await read("i")).toBeNull();
    expect(await read("k")).toEqual({ ...next, hash: [2] });
    expect((await bench.tx.people.invitationTo(organization.id, "ADA@example.org"))?.id).toBe("k");
    expect((await bench.tx.people.invitationTo(other.id, "ada@example.org"))?.id).toBe("j");
    expect(await bench.tx.people.takeInvitation("k", Uint8Array.of(3))).toBe(false);
    expect(await bench.tx.people.takeInvitation("k", Uint8Array.of(2))).toBe(true);
    expect(await bench.tx.people.takeInvitation("k", Uint8Array.of(2))).toBe(false);
  });
});

onEachEngine("organizations", (bench) => {
  test("come back by id and slug as they were written", async () => {
    const full = anOrganization({
      slug: "acme",
      custody: "client",
      trash: "never",
      membersCreate: false,
      limits: { secrets: 10, stores: 0 },
      usage: { secrets: 3, stores: 1 },
      revision: 4_294_967_297,
    });
    const plainOne = anOrganization();
    for (const organization of [full, plainOne]) {
      await bench.tx.organizations.insert(organization);
      expect(await bench.tx.organizations.find({ id: organization.id })).toEqual(organization);
      expect(await bench.tx.organizations.find({ slug: organization.slug })).toEqual(organization);
    }
    expect(await bench.tx.organizations.find({ slug: "none" })).toBeNull();
    const change = { name: "New", trash: "always", membersCreate: true } as const;
    await bench.tx.organizations.update(full.id, { ...change, limits: { secrets: null, stores: 5 } });
    expect(await bench.tx.organizations.find({ id: full.id })).toEqual({
      ...full,
      ...change,
      limits: { secrets: null, stores: 5 },
    });
  });

  test("a taken slug is refused, and the transaction goes on", async () => {
    await bench.tx.organizations.insert(anOrganization({ slug: "acme" }));
    const again = bench.tx.organizations.insert(anOrganization({ slug: "acme" }));
    await expect(again).rejects.toMatchObject({ code: "organization.slug_taken" });
    await bench.tx.organizations.insert(anOrganization({ slug: "other" }));
  });

  test("advance takes revisions and moves the counters, both ways", async () => {
    const { organization } = await aPlace(bench.tx);
    const advance = (revisions: number, secrets: number, stores: number) =>
      bench.tx.organizations.advance(organization.id, { revisions, secrets, stores });
    expect(await advance(3, 2, 1)).toEqual({ revision: 3, secrets: 2, stores: 1 });
    expect(await advance(1, -1, 0)).toEqual({ revision: 4, secrets: 1, stores: 1 });
    expect(await bench.tx.organizations.find({ id: organization.id })).toEqual({
      ...organization,
      revision: 4,
      usage: { secrets: 1, stores: 1 },
    });
    const missing = bench.tx.organizations.advance("none", { revisions: 1, secrets: 0, stores: 0 });
    await expect(missing).rejects.toThrow(/no organization/);
  });

  test("are listed for who is a member, by slug", async () => {
    await bench.tx.people.insert({ id: "p", email: "e", name: "n", operator: false, createdAt: 1 });
    for (const slug of ["c", "a", "b", "d"]) {
      const organization = anOrganization({ slug });
      await bench.tx.organizations.insert(organization);
      if (slug === "d") continue;
      const member = {
        organizationId: organization.id,
        personId: "p",
        role: "member",
        createdAt: 1,
      } as const;
      await bench.tx.people.insertMembership({ id: slug, ...member });
    }
    const slugs = async (after: string | null) =>
      (await bench.tx.organizations.listFor("p", { after, limit: 2 })).map(({ slug }) => slug);
    expect(await slugs(null)).toEqual(["a", "b"]);
    expect(await slugs("b")).toEqual(["c"]);
  });
});

onEachEngine("stores", (bench) => {
  test("come back by id and slug within their organization, and change", async () => {
    const { organization } = await aPlace(bench.tx);
    const store = aStore(organization, {
      slug: "prod",
      attributes: { buildkite: { colour: "#fff" } },
      createdBy: robot,
      updatedAt: 4,
    });
    await bench.tx.stores.insert(store);
    expect(await bench.tx.stores.find(organization.id, { slug: "prod" })).toEqual(store);
    expect(await bench.tx.stores.find("another", { id: store.id })).toBeNull();
    const after = { ...store, slug: "live", name: "Live", attributes: {}, updatedAt: null, revision: 2 };
    expect(await bench.tx.stores.update(after, store.revision)).toBe(true);
    expect(await bench.tx.stores.update({ ...after, name: "Late" }, store.revision)).toBe(false);
    expect(await bench.tx.stores.find(organization.id, { id: store.id })).toEqual(after);
    expect(await bench.tx.stores.hasName(organization.id, "Live")).toBe(true);
    expect(await bench.tx.stores.hasName(organization.id, "live")).toBe(false);
    await bench.tx.stores.remove(store.id);
    expect(await bench.tx.stores.find(organization.id, { id: store.id })).toBeNull();
  });

  test("a taken slug is refused on insert, and the transaction goes on", async () => {
    const { organization } = await aPlace(bench.tx);
    const taken = bench.tx.stores.insert(aStore(organization, { slug: "default" }));
    await expect(taken).rejects.toMatchObject({ code: "store.slug_taken" });
    await bench.tx.stores.insert(aStore(organization, { slug: "other" }));
  });

  test("a taken slug is refused on update", async () => {
    const { organization, store } = await aPlace(bench.tx);
    await bench.tx.stores.insert(aStore(organization, { slug: "other" }));
    const taken = bench.tx.stores.update({ ...store, slug: "other" }, store.revision);
    await expect(taken).rejects.toMatchObject({ code: "store.slug_taken" });
  });

  test("with secrets cannot go", async () => {
    const { store } = await aPlace(bench.tx);
    await bench.tx.secrets.insert(aSecret(store, { state: "trashed" }));
    await expect(bench.tx.stores.remove(store.id)).rejects.toThrow();
  });

  test("are listed by slug, all or those named; slugs finds what a new one may clash with", async () => {
    const { organization, store } = await aPlace(bench.tx);
    const others = ["a-2", "a", "ab", "a-b", "b"].map((slug) => aStore(organization, { slug }));
    for (const other of others) await bench.tx.stores.insert(other);
    const slugs = async (after: string | null, only: readonly string[] | null) =>
      (await bench.tx.stores.list(organization.id, { after, offset: 0, limit: 3, only })).map(
        ({ slug }) => slug,
      );
    expect(await slugs(null, null)).toEqual(["a", "a-2", "a-b"]);
    const second = await bench.tx.stores.list(organization.id, {
      after: null,
      offset: 3,
      limit: 2,
      only: null,
    });
    expect(second.map(({ slug }) => slug)).toEqual(["ab", "b"]);
    expect(await bench.tx.stores.count(organization.id, null)).toBe(6);
    expect(await bench.tx.stores.count(organization.id, [store.id, "none"])).toBe(1);
    expect(await bench.tx.stores.count(organization.id, [])).toBe(0);
    expect(await slugs("a-b", null)).toEqual(["ab", "b", "default"]);
    expect(await slugs(null, [store.id, "none", others[4]?.id ?? ""])).toEqual(["b", "default"]);
    expect(await slugs("b", [store.id, others[4]?.id ?? ""])).toEqual(["default"]);
    expect(await slugs(null, [])).toEqual([]);
    expect(await bench.tx.stores.slugs(organization.id, "a")).toEqual(["a", "a-2", "a-b"]);
    expect(await bench.tx.stores.slugs(organization.id, "c")).toEqual([]);
  });
});
