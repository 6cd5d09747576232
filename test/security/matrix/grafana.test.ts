// The routes of the Grafana dialect, asked by every kind of caller. As expected.ts, the table is written
// by hand from the contract and computed by nothing; its signs, in the order of `columns` in callers.ts:
//   +  done      1  401: a credential that nobody knows there      3  403
// What is hidden is forbidden here, as the contract has it: a namespace and a permission look alike.
import Fastify from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { grafana } from "../../../src/dialects/grafana/index.ts";
import { nobodyLogsIn } from "../../support/logins.ts";
import { startCoffer, type TestCoffer } from "../../support/server.ts";
import { type Caller, columns, makeCallers } from "./callers.ts";
import { done, makeWorld, post, type World } from "./places.ts";
import { type Answered, type Asked, inParallel, type Wire, wireTo } from "./wire.ts";

const api = "/apis/secret.grafana.app/v1beta1";
const space = `${api}/namespaces/:namespace`;
const values = `${space}/securevalues`;
const keepers = `${space}/keepers`;
const gsm = "/gsm/api/v1";

// A credential over several organizations names none of them here: the operator's is refused.
//                roles org store secr group mach machines serv jobs out tokens
const document = "+++++ +++ +++ +++ +++ ++ +++++ 111 111 ++ +++++++++";
const listed = "+3++3 +++ +++ 333 +++ 33 3+++3 111 111 33 3+3+3+333";
const written = "+3+33 3++ 3++ 333 3++ 33 33++3 111 111 33 3+3+3+333";
const changed = "+3+33 3++ 3++ 3++ 3++ 33 33++3 111 111 33 3+3+3+333";
const keepersRead = "+3++3 +++ +++ 333 +++ 33 3+++3 111 111 33 333+3+333";
const keepersChanged = "+3+33 3++ 3++ 333 3++ 33 33++3 111 111 33 333+3+333";
// Who is no service decrypts nothing. One that is bound to no store in particular has no place here.
const decrypted = "33333 333 333 333 333 33 33333 33+ 111 33 333333333";
// Each name is answered for itself.
const batch = "+++++ +++ +++ +++ +++ ++ +++++ +++ 111 ++ +++++++++";

const rows: Readonly<Record<string, string>> = {
  "GET /version": document,
  "GET /api": document,
  "GET /apis": document,
  "GET /apis/secret.grafana.app": document,
  [`GET ${api}`]: document,
  "GET /openapi/v2": document,
  "GET /openapi/v3": document,
  [`GET /openapi/v3${api}`]: document,
  [`GET ${api}/securevalues`]: "+3+++ +++ +++ +++ +++ ++ +++++ 111 111 +3 333+++333",
  [`GET ${values}`]: listed,
  [`POST ${values}`]: written,
  [`DELETE ${values}`]: written,
  [`GET ${values}/:name`]: "+3++3 +++ +++ +++ +++ 33 3++++ 111 111 33 3+3+3+333",
  [`PUT ${values}/:name`]: changed,
  [`PATCH ${values}/:name`]: changed,
  [`DELETE ${values}/:name`]: changed,
  [`GET ${keepers}`]: keepersRead,
  [`POST ${keepers}`]: keepersChanged,
  [`GET ${keepers}/:name`]: keepersRead,
  [`PUT ${keepers}/:name`]: keepersChanged,
  [`PATCH ${keepers}/:name`]: keepersChanged,
  [`DELETE ${keepers}/:name`]: keepersChanged,
  [`POST ${keepers}/:name/activate`]: keepersChanged,
  [`GET ${gsm}/secrets`]: decrypted,
  [`GET ${gsm}/secrets/:id`]: decrypted,
  [`GET ${gsm}/secrets/:id/decrypt`]: decrypted,
  [`POST ${gsm}/decrypt`]: batch,
};

/** Of one secure value or keeper. */
const ofObject = (row: string) => /\/:name(\/|$)/.test(row);

type Place = "own" | "missing" | "missing namespace" | "other tenant";

const width = 24;

interface Cell {
  readonly row: string;
  readonly caller: Caller;
  readonly place: Place;
}

interface Seen extends Cell {
  readonly answer: Answered;
}

let coffer: TestCoffer;
let wire: Wire;
let world: World;
let seen: readonly Seen[];
let bound: readonly Caller[];

beforeAll(async () => {
  coffer = await startCoffer();
  wire = wireTo(coffer.url, width);
  world = await makeWorld(wire, coffer.token, coffer.bootstrap.person.id);
  const { admitted, refused } = await makeCallers(world, coffer.data);
  bound = await Promise.all([
    service("bound and listed", world.consumers.listed),
    service("bound and not listed", world.consumers.unlisted),
  ]);
  await done(wire, owner(admitted), post(at(keepers, "mine"), keeper("kept")));
  // Until then the expired token has not.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const cells = Object.keys(rows).flatMap((row) =>
    placesOf(row).flatMap((place) =>
      [...admitted, ...bound, ...(place === "own" ? refused : [])].map((caller) => ({ row, caller, place })),
    ),
  );
  seen = await inParallel(cells, width, async (cell) => ({
    ...cell,
    answer: await asked(cell, owner(admitted)),
  }));
}, 180_000);

afterAll(async () => {
  wire.close();
  await coffer.stop();
});

async function minted(principal: Caller["self"], more: object): Promise<string> {
  const body = { principal, name: "t", ...more };
  return (await done(wire, world.operator, post("/v1/organizations/here/tokens", body))).token;
}

async function service(name: string, id: string): Promise<Caller> {
  const self = { kind: "service", id } as const;
  const token = await minted(self, { stores: ["mine"] });
  return { name, token: () => token, self };
}

/** A token that is bound to the one organization. */
const owner = (admitted: readonly Caller[]) => admitted.find(({ name }) => name === "owner")?.token() ?? "";

const at = (url: string, namespace: string) => url.replace(":namespace", namespace);

const keeper = (name: string) => ({
  metadata: { name },
  spec: { description: "d", aws: { region: "r", assumeRole: { assumeRoleArn: "a", externalID: "e" } } },
});

function placesOf(row: string): readonly Place[] {
  const inside: readonly Place[] = ofObject(row) || row.includes(":id") ? ["missing"] : [];
  const spaces: readonly Place[] = row.includes(":namespace") ? ["missing namespace", "other tenant"] : [];
  return ["own", ...inside, ...spaces];
}

async function asked(cell: Cell, by: string): Promise<Answered> {
  const { row, caller, place } = cell;
  const [method = "", url = ""] = row.split(" ");
  const namespace = {
    own: "mine",
    missing: "mine",
    "missing namespace": "nowhere",
    "other tenant": "theirs",
  }[place];
  const path = at(url, namespace)
    .replace(":name", await nameIn(cell, by))
    .replace(":id", place === "missing" ? "nothing" : "SECRET");
  // What selects nothing deletes nothing.
  const query = method === "DELETE" && url === values ? "?labelSelector=no%3Dsuch" : "";
  const headers = method === "PATCH" ? { headers: { "content-type": "application/merge-patch+json" } } : {};
  return wire.ask(caller.token(), { method, path: path + query, ...bodyOf(cell), ...headers });
}

async function nameIn({ row, caller, place }: Cell, by: string): Promise<string> {
  if (!ofObject(row)) return "";
  if (place === "missing") return "nothing";
  if (row.includes("activate")) return "system";
  const deletes = row.startsWith("DELETE") && place === "own" && wanted({ row, caller, place }) === 200;
  if (row.includes("/keepers/")) return deletes ? freshKeeper(by) : "kept";
  if (place === "other tenant") return "THEIRS";
  return deletes ? freshSecret(caller) : "SECRET";
}

async function freshKeeper(by: string): Promise<string> {
  const name = `k-${crypto.randomUUID()}`;
  await done(wire, by, post(at(keepers, "mine"), keeper(name)));
  return name;
}

async function freshSecret({ self, holds }: Caller): Promise<string> {
  const name = `n-${crypto.randomUUID()}`;
  const base = "/v1/organizations/here";
  const { id } = await done(wire, world.operator, post(`${base}/stores/mine/secrets`, { name }));
  if (holds?.kind === "secret") {
    const body = { subject: self, object: { kind: "secret", id }, level: holds.level };
    await done(wire, world.operator, { method: "PUT", path: `${base}/grants`, body });
  }
  return name;
}

/** Wrong in itself where it would be done: who hears that may do it. Right where something is missing. */
function bodyOf({ row, place }: Cell): Pick<Asked, "body"> {
  if (row.startsWith("GET") || row.startsWith("DELETE")) return {};
  if (row.startsWith("POST /gsm")) return { body: { namespace: "mine", names: ["SECRET"] } };
  if (place === "own") return { body: [] };
  if (row.startsWith("PATCH")) return { body: {} };
  return { body: { spec: { description: "d", value: "v" } } };
}

function signOf(row: string, column: string): string {
  const text = rows[row]?.replaceAll(" ", "") ?? "";
  if (text.length !== columns.length) throw new Error(`the row ${row} has ${text.length} signs`);
  return text[columns.indexOf(column)] ?? "";
}

/** They know one secret, and without it nothing of the namespace. */
const ofOneSecret = ["secret read", "secret write", "secret manage", "machine secret read"];

function wanted({ row, caller, place }: Cell): number {
  const inGsm = row.includes(gsm);
  if (bound.includes(caller)) return inGsm ? decryption(row, caller, place) : 401;
  if (!columns.includes(caller.name)) return 401;
  const sign = signOf(row, caller.name);
  if (sign === "1") return 401;
  if (place === "other tenant") return caller.name === "stranger" ? foreign(row) : 403;
  if (place === "missing namespace" || sign === "3") return 403;
  if (place === "own") return 200;
  return row.includes("/securevalues/") && ofOneSecret.includes(caller.name) ? 403 : 404;
}

function decryption(row: string, { name }: Caller, place: Place): number {
  if (!row.includes(":id")) return 200;
  if (place === "missing") return 404;
  return name === "bound and listed" ? 200 : 403;
}

/** The stranger is the other tenant's owner; there is no keeper of that name. */
function foreign(row: string): number {
  return ofObject(row) && row.includes("/keepers/") && !row.includes("activate") ? 404 : 200;
}

/** 400: the body. 415 and 422: what is in it. */
function outcome({ answer: { status } }: Seen): number {
  return status < 300 || status === 400 || status === 422 ? 200 : status;
}

const named = ({ row, caller, place }: Cell) => `${row}, ${place}, ${caller.name}`;

describe("the matrix of the Grafana dialect", () => {
  test("every route has a row", () => {
    const routes = new Set<string>();
    const app = Fastify({ exposeHeadRoutes: false });
    app.addHook("onRoute", ({ method, url, config }) => {
      if (config?.nothing === true) return;
      for (const each of [method].flat()) if (each !== "HEAD") routes.add(`${each} ${url}`);
    });
    grafana.routes(app, {
      operations: coffer.node.operations,
      logins: nobodyLogsIn,
      publicUrl: coffer.url,
      serviceNames: [],
      namespaces: new Map(),
      valueKilobytes: 8,
    });
    expect([...routes].sort()).toEqual(Object.keys(rows).sort());
    expect(seen.length).toBeGreaterThan(2_500);
  });

  test("every cell is as the table says", () => {
    const wrong = seen
      .filter((cell) => outcome(cell) !== wanted(cell))
      .map((cell) => `${named(cell)}: ${wanted(cell)} was to be, ${cell.answer.status} was`);
    expect(wrong).toEqual([]);
  });

  test("several names are answered to who may read them alone", () => {
    const told = seen.filter(({ row, answer }) => row.startsWith("POST /gsm") && answer.status === 200);
    const answers = told.filter(({ answer }) => !answer.text.includes("not authorized"));
    expect(answers.map(({ caller }) => caller.name)).toEqual(["bound and listed"]);
    expect(told.length).toBeGreaterThan(30);
  });

  test("a list shows what the credential's scopes name for listing, and nothing else that they name", async () => {
    const scopes = ["secret.list@mine/SECRET", "secret.reveal@mine/EXPIRED"];
    const token = await minted({ kind: "person", id: world.operatorId }, { scopes });
    const { status, text } = await wire.ask(token, { method: "GET", path: at(values, "mine") });
    expect({ status, names: [...text.matchAll(/"name":"(\w+)"/g)].map(([, name]) => name) }).toEqual({
      status: 200,
      names: ["SECRET"],
    });
  });

  test("a service lists what lists it, where its token lets it see that", async () => {
    const self = { kind: "service", id: world.consumers.listed } as const;
    const list = async (more: object) => {
      const token = await minted(self, { stores: ["mine"], ...more });
      return (await wire.ask(token, { method: "GET", path: `${gsm}/secrets` })).text;
    };
    expect(await list({})).toContain('"name":"SECRET"');
    expect(await list({ scopes: ["secret.reveal"] })).toBe('{"secrets":[]}');
  });

  test("what is hidden from a caller answers as what is not there, to the letter", () => {
    const byCell = new Map(seen.map((cell) => [named(cell), cell]));
    const alike = ({ answer }: Seen) =>
      answer.text
        .replaceAll(/\\"(SECRET|THEIRS|kept|nothing|system|n-[\w-]+|k-[\w-]+)\\"|"name":"[^"]*"/g, "*")
        .replaceAll(/namespace \\"\w+\\"/g, "*");
    const twins = { own: "missing", "other tenant": "missing namespace" } as const;
    const differ: string[] = [];
    let compared = 0;
    for (const cell of seen) {
      if (wanted(cell) !== 403 || (cell.place !== "own" && cell.place !== "other tenant")) continue;
      const twin = byCell.get(named({ ...cell, place: twins[cell.place] }));
      if (twin === undefined || wanted(twin) !== 403) continue;
      compared += 1;
      if (alike(twin) !== alike(cell)) differ.push(`${named(cell)}: ${cell.answer.text}`);
    }
    expect(differ).toEqual([]);
    expect(compared).toBeGreaterThan(600);
  });
});
