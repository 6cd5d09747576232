// The checker must be able to find what it looks for: after a round in which nothing was lost, each
// fault is planted into the database by hand, and the same comparison must name it.
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Checker, verified } from "./checker.ts";
import { startServer } from "./child.ts";
import { History, type Owned } from "./history.ts";
import { type Installation, install, load, remove, roundRandom } from "./rounds.ts";
import { wireTo } from "./wire.ts";

let it: Installation;
/** The data as the killed server left it, and as it was before the last acknowledged write. */
let left: string;
let earlier: string;
let known: History;
let victim: { id: string; name: string };
let bystander: string;

beforeAll(async () => {
  it = await install(null, 8);
  const server = startServer(it.place);
  const url = await server.ready;
  let stopped = false;
  setTimeout(() => {
    stopped = true;
  }, 400);
  await load(it, { url, round: 1, random: roundRandom("planted", 1), stopped: () => stopped });
  const wire = wireTo(url, it.token, 1);
  const act = async (method: string, path: string, body?: object) => {
    const answer = await wire.send(method, `/v1/organizations/default/stores/default/secrets${path}`, body);
    if (answer === null || answer.status >= 300) throw new Error(`${path}: ${answer?.status}`);
    return answer;
  };
  const first = await act("POST", "", {
    name: "victim",
    value: "one",
    labels: { app: "x" },
    consumers: ["c"],
  });
  const write = (value: string) => act("PUT", "/victim/value", { value });
  const revealed = async () => {
    const answer = await act("GET", "/victim/value");
    const secretId = first.body.id;
    const told = { kind: "reveal", what: "reveal", requestId: answer.requestId, secretId } as const;
    it.history.acknowledge({ ...told, revision: null, version: 2 });
  };
  await write("two");
  await revealed();
  await server.kill();
  earlier = copied(it.place.data);
  const again = startServer(it.place);
  const last = wireTo(await again.ready, it.token, 1);
  const path = "/v1/organizations/default/stores/default/secrets/victim/value";
  const answer = await last.send("PUT", path, { value: "three" });
  await again.kill();
  left = copied(it.place.data);
  victim = { id: String(first.body.id), name: "victim" };
  const owned: Owned = {
    id: victim.id,
    shape: {
      life: "active",
      store: String(first.body.storeId),
      name: "victim",
      description: null,
      labels: { app: "x" },
      consumers: ["c"],
      values: ["one", "two", "three"],
    },
    doubt: null,
    revision: Number(answer?.body.revision),
    wasRead: true,
  };
  it.history.owned[0]?.push(owned);
  bystander = it.history.commons[0]?.id ?? "";
  known = it.history;
});

afterAll(() => {
  remove(it);
  for (const folder of [left, earlier]) rmSync(folder, { recursive: true, force: true });
});

function copied(data: string): string {
  const folder = mkdtempSync(join(tmpdir(), "coffer-planted-"));
  cpSync(data, folder, { recursive: true });
  return folder;
}

/** What the comparison says after `plant` was done to what the server left. */
async function findingsAfter(plant: (db: DatabaseSync) => void, from = left): Promise<string[]> {
  const { data } = it.place;
  for (const file of readdirSync(data)) if (file.startsWith("coffer.db")) rmSync(join(data, file));
  cpSync(from, data, { recursive: true });
  const db = new DatabaseSync(join(data, "coffer.db"), { enableForeignKeyConstraints: false });
  plant(db);
  db.close();
  const history: History = Object.assign(new History(0), structuredClone({ ...known }));
  return new Checker(it.place).check(history);
}

const nothing = () => undefined;

test("after a clean round nothing is found", async () => {
  expect(await findingsAfter(nothing)).toEqual([]);
  expect(await verified(it.place)).toEqual([]);
  expect(known.counts.acknowledged).toBeGreaterThan(5);
});

describe("the checker finds", () => {
  const runs = (text: string) => (db: DatabaseSync) => {
    expect(Number(db.prepare(text.replaceAll("$victim", `'${victim.id}'`)).run().changes)).toBeGreaterThan(0);
  };

  test("a dropped row", async () => {
    const found = await findingsAfter((db) => {
      runs("DELETE FROM secret_versions WHERE secret_id = $victim")(db);
      runs("DELETE FROM secret_labels WHERE secret_id = $victim")(db);
      runs("DELETE FROM secret_consumers WHERE secret_id = $victim")(db);
      runs("DELETE FROM secrets WHERE id = $victim")(db);
      runs("UPDATE organizations SET secrets = secrets - 1")(db);
    });
    expect(found).toContainEqual(
      `an acknowledged state is lost: secret ${victim.id} has (no row instead of one that is active)`,
    );
    expect(found).toContainEqual(`the trail knows secret ${victim.id}, the tables do not`);
  });

  test("an audit entry without its version", async () => {
    const found = await findingsAfter(
      runs("DELETE FROM secret_versions WHERE secret_id = $victim AND number = 1"),
    );
    expect(found).toContainEqual(`an audit entry tells of version 1 of secret ${victim.id}: it is not there`);
  });

  test("an acknowledged write undone, with everything that told of it", async () => {
    const found = await findingsAfter(nothing, earlier);
    expect(found).toEqual([`an acknowledged state is lost: secret ${victim.id} has (another version)`]);
  });

  test("a value edited by who has no key, and one exchanged for another value that opens", async () => {
    const edited = await findingsAfter(
      runs(
        "UPDATE secret_versions SET sealed = CAST(substr(sealed, 1, 20) || iif(substr(sealed, 21, 1) = x'00', x'01', x'00') || substr(sealed, 22) AS BLOB) WHERE secret_id = $victim AND number = 3",
      ),
    );
    expect(edited).toContainEqual(`version 3 of secret ${victim.id} does not open`);
    expect(edited).toContainEqual(`secret ${victim.id} does not match the digest of its newest audit entry`);
    const exchanged = await findingsAfter(
      runs(`UPDATE secret_versions SET sealed = (SELECT sealed FROM secret_versions WHERE secret_id = '${bystander}' AND number = 1)
        WHERE secret_id = $victim AND number = 3`),
    );
    expect(exchanged).toContainEqual(`version 3 of secret ${victim.id} does not open`);
  });

  test("an acknowledged reveal without its entry", async () => {
    const found = await findingsAfter(
      runs("DELETE FROM audit_entries WHERE action = 'secret.reveal' AND target_id = $victim"),
    );
    expect(found).toEqual([
      expect.stringMatching(`^reveal of ${victim.id} was acknowledged .* has 0 audit entries$`),
    ]);
    expect(await verified(it.place)).not.toEqual([]);
  });

  test.each([
    [
      "a version that no entry tells of",
      "UPDATE audit_entries SET details = json_set(details, '$.version', 9) WHERE target_id = $victim AND action = 'secret.write'",
      "has no audit entry",
    ],
    [
      "a mutation without its entry",
      "DELETE FROM audit_entries WHERE target_id = $victim AND action = 'secret.write'",
      "has 0 audit entries",
    ],
    ["a label without its row", "DELETE FROM secret_labels WHERE secret_id = $victim", "labels"],
    ["a consumer without its row", "DELETE FROM secret_consumers WHERE secret_id = $victim", "consumers"],
    ["a counter that is off", "UPDATE organizations SET secrets = secrets + 1", "the organization counts"],
    [
      "a revision without its change",
      "DELETE FROM changes WHERE secret_id = $victim AND kind = 'secret.created'",
      "the feed goes from",
    ],
    [
      "a revision that stands back",
      "UPDATE organizations SET revision = revision - 1",
      "the organization is at revision",
    ],
    [
      "metadata that differs",
      "UPDATE secrets SET description = 'x' WHERE id = $victim",
      "another description",
    ],
    [
      "a current version that is none",
      "UPDATE secrets SET version_id = 'x' WHERE id = $victim",
      "current: false",
    ],
    [
      "a version of no secret",
      "UPDATE secret_versions SET secret_id = 'x' WHERE secret_id = $victim AND number = 1",
      "versions has a row of no secret",
    ],
    [
      "a reveal that left no time",
      "UPDATE secrets SET last_read_at = NULL WHERE id = $victim",
      "says that it never was",
    ],
  ])("%s", async (_, text, told) => {
    expect(await findingsAfter(runs(text))).toContainEqual(expect.stringContaining(told));
  });

  test("two writers who were both told that a name is theirs", async () => {
    const [name, attempts] = [...known.races][0] ?? ["", []];
    const winner = attempts.find((attempt) => attempt.outcome === "created");
    if (winner === undefined) throw new Error("nobody won");
    attempts.push({ ...winner, id: "another" });
    const found = await findingsAfter(nothing);
    attempts.pop();
    expect(found).toContainEqual(`2 writers were told that they created ${name}`);
  });

  test("a common version that holds what nobody wrote", async () => {
    const found = await findingsAfter(nothing);
    expect(found).toEqual([]);
    const common = known.commons[0];
    common?.acknowledged.set(1, "something else");
    const then = await findingsAfter(nothing);
    common?.acknowledged.set(1, "first");
    expect(then).toContainEqual(`version 1 of common-0 is not what was acknowledged`);
  });
});
