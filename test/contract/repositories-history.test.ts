import { describe, expect, test } from "vitest";
import type { AuditEntry, StoredEntry } from "../../src/core/audit/entry.ts";
import type { AuditFilter } from "../../src/core/audit/filter.ts";
import type { Change } from "../../src/core/changes.ts";
import { limits } from "../../src/core/limits.ts";
import type { Position } from "../../src/core/pagination.ts";
import { sql, UniqueViolation } from "../../src/storage/sql.ts";
import { onEachEngine } from "../support/repositories.ts";
import { ada, aPlace, aSecret, aValue, aVersion, plain, robot } from "../support/rows.ts";

onEachEngine("versions", (bench) => {
  async function aHistory(numbers: readonly number[]) {
    const { store } = await aPlace(bench.tx);
    const secret = aSecret(store);
    await bench.tx.secrets.insert(secret);
    const versions = numbers.map((number) => aVersion(secret, number, { createdBy: robot }));
    for (const version of versions) {
      await bench.tx.versions.insert(version, store.organizationId, aValue(version.number));
    }
    return { secret, versions };
  }

  test("come back newest first, and with the value they were sealed with", async () => {
    const { secret, versions } = await aHistory([1, 2, 3]);
    const list = (before: number | null, limit: number) =>
      bench.tx.versions.list(secret.id, { before, limit });
    expect(await list(null, 2)).toEqual([versions[2], versions[1]]);
    expect(await list(2, 2)).toEqual([versions[0]]);
    const found = await bench.tx.versions.sealed(secret.id, 2);
    expect(found?.version).toEqual(versions[1]);
    expect(plain(found?.sealed)).toEqual([2]);
    expect(await bench.tx.versions.sealed(secret.id, 4)).toBeNull();
    expect(plain(await bench.tx.versions.fingerprint(versions[1]?.id ?? ""))).toEqual([9, 2]);
    expect(await bench.tx.versions.fingerprint("none")).toBeNull();
  });

  test("are superseded; what is pending elsewhere is not shown", async () => {
    const { secret, versions } = await aHistory([1]);
    const pending = aVersion(secret, 2, { state: "pending" });
    await bench.tx.versions.insert(pending, secret.organizationId, aValue(2));
    await bench.tx.versions.supersede(versions[0]?.id ?? "");
    await bench.tx.versions.supersede(pending.id);
    const list = await bench.tx.versions.list(secret.id, { before: null, limit: 9 });
    expect(list).toEqual([{ ...versions[0], state: "superseded" }]);
    expect(await bench.tx.versions.sealed(secret.id, 2)).toBeNull();
  });

  test("a number is given once", async () => {
    const { secret } = await aHistory([1]);
    const again = bench.tx.versions.insert(aVersion(secret, 1), secret.organizationId, aValue(1));
    await expect(again).rejects.toThrow(UniqueViolation);
  });

  test("prune keeps the newest, and the current one whatever its age", async () => {
    const { secret } = await aHistory([1, 2, 3, 4, 7]);
    const { secret: other } = await aHistory([1, 2, 3]);
    const left = async (id: string) =>
      (await bench.tx.versions.list(id, { before: null, limit: 9 })).map(({ number }) => number);
    await bench.tx.versions.prune(secret.id, 5, 7);
    expect(await left(secret.id)).toEqual([7, 4, 3, 2, 1]);
    await bench.tx.versions.prune(secret.id, 3, 1);
    expect(await left(secret.id)).toEqual([7, 4, 3, 1]);
    await bench.tx.versions.prune(secret.id, 1, 7);
    expect(await left(secret.id)).toEqual([7]);
    expect(await left(other.id)).toEqual([3, 2, 1]);
  });
});

onEachEngine("the change feed", (bench) => {
  const aChange = (organizationId: string, revision: number, parts: Partial<Change> = {}): Change => ({
    organizationId,
    revision,
    at: 10,
    kind: "organization.updated",
    storeId: null,
    storeSlug: null,
    secretId: null,
    name: null,
    after: null,
    labelsBefore: null,
    storeIdBefore: null,
    nameBefore: null,
    concerns: null,
    ...parts,
  });

  test("tells what was appended, in order of revision, after a revision", async () => {
    const { organization, store } = await aPlace(bench.tx);
    const secret = aSecret(store, { labels: { a: "1" }, updatedBy: robot, description: "✓" });
    const full = aChange(organization.id, 2, {
      kind: "secret.moved",
      storeId: store.id,
      storeSlug: store.slug,
      secretId: secret.id,
      name: secret.name,
      after: secret,
      labelsBefore: { b: "2" },
      storeIdBefore: "before",
      nameBefore: "once",
      concerns: "somebody",
    });
    const changes = [full, aChange(organization.id, 1), aChange(organization.id, 3)];
    await bench.tx.changes.append(changes);
    const [second, first, third] = changes;
    expect(await bench.tx.changes.list(organization.id, 0, 9)).toEqual([first, second, third]);
    expect(await bench.tx.changes.list(organization.id, 1, 1)).toEqual([second]);
    expect(await bench.tx.changes.list("another", 0, 9)).toEqual([]);
  });

  test("forgets from the oldest on, a bounded number at a time, and says up to where", async () => {
    const { organization } = await aPlace(bench.tx);
    const count = limits.changesPageMax + 10;
    const changes = Array.from({ length: count }, (_, index) => aChange(organization.id, index + 1));
    await bench.tx.changes.append(changes);
    const oldest = async () => (await bench.tx.changes.list(organization.id, 0, 1))[0]?.revision;
    expect(await bench.tx.changes.forgottenUpTo(organization.id)).toBe(0);
    await bench.tx.changes.prune(organization.id, 5);
    expect([await oldest(), await bench.tx.changes.forgottenUpTo(organization.id)]).toEqual([6, 5]);
    await bench.tx.changes.prune(organization.id, 5);
    expect([await oldest(), await bench.tx.changes.forgottenUpTo(organization.id)]).toEqual([6, 5]);
    await bench.tx.changes.prune(organization.id, count);
    const bound = 5 + limits.changesPageMax;
    expect([await oldest(), await bench.tx.changes.forgottenUpTo(organization.id)]).toEqual([
      bound + 1,
      bound,
    ]);
  });
});

onEachEngine("the audit trail", (bench) => {
  const everything: AuditFilter = {
    organizationId: "o",
    action: null,
    caller: null,
    target: null,
    outcome: null,
    dialect: null,
    since: null,
    until: null,
  };
  const anEntry = (parts: Partial<AuditEntry> = {}): AuditEntry => ({
    at: 100,
    organizationId: "o",
    caller: { ...ada, tokenId: null },
    dialect: "native",
    action: "secret.reveal",
    target: { kind: "secret", id: null, name: null, storeId: null },
    outcome: "allowed",
    because: null,
    details: null,
    address: null,
    requestId: null,
    ...parts,
  });

  test("an entry comes back as it was chained", async () => {
    const full = anEntry({
      caller: { ...robot, tokenId: "t" },
      target: { kind: "secret", id: "s", name: "näme", storeId: "store" },
      because: "role: owner",
      details: { revision: 4, digest: null },
      address: "::1",
      requestId: "r",
    });
    await bench.tx.audit.append(full);
    await bench.tx.audit.append(anEntry());
    await bench.tx.audit.append(anEntry({ organizationId: null }));
    const [bare, first] = await bench.tx.audit.list(everything, { before: null, limit: 9 });
    expect({ ...first, hash: plain(first?.hash)?.length }).toEqual({
      stream: "stream-1",
      seq: 1,
      at: 100,
      organizationId: "o",
      callerKind: "machine",
      callerId: robot.id,
      callerName: robot.name,
      tokenId: "t",
      dialect: "native",
      action: "secret.reveal",
      targetKind: "secret",
      targetId: "s",
      targetName: "näme",
      targetStoreId: "store",
      outcome: "allowed",
      because: "role: owner",
      details: '{"revision":4,"digest":null}',
      address: "::1",
      requestId: "r",
      hash: 32,
    });
    expect(bare).toMatchObject({ seq: 2, tokenId: null, targetId: null, because: null, details: null });
  });

  test("is read newest first, page by page, each entry once", async () => {
    for (const at of [3, 1, 2, 2, 2, 1, 3]) await bench.tx.audit.append(anEntry({ at }));
    const seen: [number, number][] = [];
    let before: Position | null = null;
    for (;;) {
      const page: readonly StoredEntry[] = await bench.tx.audit.list(everything, { before, limit: 2 });
      const last = page.at(-1);
      if (last === undefined) break;
      seen.push(...page.map(({ at, seq }): [number, number] => [at, seq]));
      before = { key: last.at, id: `${last.stream}:${last.seq}` };
    }
    expect(seen).toEqual([
      [3, 7],
      [3, 1],
      [2, 5],
      [2, 4],
      [2, 3],
      [1, 6],
      [1, 2],
    ]);
  });

  describe("filters", () => {
    const cases: [what: string, filter: Partial<AuditFilter>, seqs: readonly number[]][] = [
      ["none", {}, [5, 4, 3, 2, 1]],
      ["action", { action: "secret.create" }, [2]],
      ["caller", { caller: robot.id }, [3]],
      ["target by id", { target: "id" }, [4]],
      ["target by name", { target: "name" }, [4]],
      ["outcome", { outcome: "refused" }, [2]],
      ["dialect", { dialect: "scale" }, [5]],
      ["since, included", { since: 103 }, [5, 4, 3]],
      ["until, excluded", { until: 103 }, [2, 1]],
      ["several at once", { action: "secret.create", outcome: "allowed" }, []],
      ["another organization", { organizationId: "p" }, []],
    ];
    for (const [what, filter, seqs] of cases) {
      test(what, async () => {
        const entries = [
          anEntry({ at: 101 }),
          anEntry({ at: 102, action: "secret.create", outcome: "refused" }),
          anEntry({ at: 103, caller: { ...robot, tokenId: null } }),
          anEntry({ at: 104, target: { kind: "secret", id: "id", name: "name", storeId: null } }),
          anEntry({ at: 105, dialect: "scale" }),
        ];
        for (const entry of entries) await bench.tx.audit.append(entry);
        const query = { ...everything, ...filter };
        const found = await bench.tx.audit.list(query, { before: null, limit: 9 });
        expect(found.map(({ seq }) => seq)).toEqual(seqs);
      });
    }
  });

  test("a forged position is refused", async () => {
    for (const before of [
      { key: "1", id: "s:1" },
      { key: 1, id: "s" },
      { key: 1, id: "s:x" },
      { key: 1, id: "s:1:1" },
      { key: 1, id: "\u0000:1" },
    ]) {
      const list = bench.tx.audit.list(everything, { before, limit: 1 });
      await expect(list).rejects.toMatchObject({ code: "cursor.invalid" });
    }
  });

  test("a signed head never goes back", async () => {
    const head = { stream: "s", seq: 5, hash: "aa", at: 1, key: "k", signature: "x" };
    await bench.tx.audit.saveHead(head);
    await bench.tx.audit.saveHead({ ...head, seq: 4, signature: "older" });
    await bench.tx.audit.saveHead({ ...head, seq: 6, signature: "newer" });
    const heads = sql<typeof head>`SELECT stream, seq, hash, at, key, signature FROM audit_heads`;
    expect((await bench.db.all(heads, [])).map((row) => ({ ...row }))).toEqual([
      { ...head, seq: 6, signature: "newer" },
    ]);
  });
});
