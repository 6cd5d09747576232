// The routes of the Grafana dialect, asked by every kind of caller. As expected.ts, the table is written
// by hand from the contract and computed by nothing; its signs, in the order of `columns` in callers.ts:
//   +  done      1  401: a credential that nobody knows there      3  403
// What is hidden is forbidden here, as the contract has it: a namespace and a permission look alike.
import { describe, expect, test } from "vitest";
import { grafana } from "../../../src/dialects/grafana/index.ts";
import { type Caller, freshSecret, minted, ofOneSecret, signIn } from "./callers.ts";
import { type Cell, doneOr, type ForeignPlace, matrixOf, placesBy } from "./foreign.ts";
import { done, post, type World } from "./places.ts";
import type { Answered, Asked } from "./wire.ts";

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

let world: World;
let bound: readonly Caller[];
/** Bound to the one organization. */
let ownersToken: string;

async function prepare(made: World, admitted: readonly Caller[]): Promise<readonly Caller[]> {
  world = made;
  const { listed, unlisted } = made.consumers;
  const service = (name: string, id: string) =>
    minted(made, name, { kind: "service", id }, { stores: ["mine"] });
  bound = [await service("bound and listed", listed), await service("bound and not listed", unlisted)];
  ownersToken = admitted.find(({ name }) => name === "owner")?.token() ?? "";
  await makeKeeper("kept");
  return bound;
}

const at = (url: string, namespace: string) => url.replace(":namespace", namespace);

async function makeKeeper(name: string): Promise<string> {
  const aws = { region: "r", assumeRole: { assumeRoleArn: "a", externalID: "e" } };
  const body = { metadata: { name }, spec: { description: "d", aws } };
  await done(world.wire, ownersToken, post(at(keepers, "mine"), body));
  return name;
}

async function ask(cell: Cell): Promise<Answered> {
  const { row, caller, place } = cell;
  const [method = "", url = ""] = row.split(" ");
  const namespace = {
    own: "mine",
    missing: "mine",
    "missing organization": "nowhere",
    "other tenant": "theirs",
  }[place];
  const path = at(url, namespace)
    .replace(":name", await nameIn(cell))
    .replace(":id", place === "missing" ? "nothing" : "SECRET");
  // What selects nothing deletes nothing.
  const query = method === "DELETE" && url === values ? "?labelSelector=no%3Dsuch" : "";
  const headers = method === "PATCH" ? { headers: { "content-type": "application/merge-patch+json" } } : {};
  return world.wire.ask(caller.token(), { method, path: path + query, ...bodyOf(cell), ...headers });
}

async function nameIn({ row, caller, place }: Cell): Promise<string> {
  if (!ofObject(row)) return "";
  if (place === "missing") return "nothing";
  if (row.includes("activate")) return "system";
  const deletes = row.startsWith("DELETE") && place === "own" && wanted({ row, caller, place }) === 200;
  if (row.includes("/keepers/")) return deletes ? makeKeeper(`k-${crypto.randomUUID()}`) : "kept";
  if (place === "other tenant") return "THEIRS";
  return deletes ? (await freshSecret(world, world.here, caller)).name : "SECRET";
}

/** Wrong in itself where it would be done: who hears that may do it. Right where something is missing. */
function bodyOf({ row, place }: Cell): Pick<Asked, "body"> {
  if (row.startsWith("GET") || row.startsWith("DELETE")) return {};
  if (row.startsWith("POST /gsm")) return { body: { namespace: "mine", names: ["SECRET"] } };
  if (place === "own") return { body: [] };
  if (row.startsWith("PATCH")) return { body: {} };
  return { body: { spec: { description: "d", value: "v" } } };
}

function wanted({ row, caller, place }: Cell): number {
  if (bound.includes(caller)) return row.includes(gsm) ? decryption(row, caller, place) : 401;
  const sign = signIn(rows, row, caller.name);
  if (sign === null || sign === "1") return 401;
  if (place === "other tenant") return caller.name === "stranger" ? foreign(row) : 403;
  if (place === "missing organization" || sign === "3") return 403;
  if (place === "own") return 200;
  return row.includes("/securevalues/") && ofOneSecret.includes(caller.name) ? 403 : 404;
}

function decryption(row: string, { name }: Caller, place: ForeignPlace): number {
  if (!row.includes(":id")) return 200;
  if (place === "missing") return 404;
  return name === "bound and listed" ? 200 : 403;
}

/** The stranger is the other tenant's owner; there is no keeper of that name. */
function foreign(row: string): number {
  return ofObject(row) && row.includes("/keepers/") && !row.includes("activate") ? 404 : 200;
}

/** But for the names that are asked for. */
function alike(text: string): string {
  return text
    .replaceAll(/\\"(SECRET|THEIRS|kept|nothing|system|n-[\w-]+|k-[\w-]+)\\"|"name":"[^"]*"/g, "*")
    .replaceAll(/namespace \\"\w+\\"/g, "*");
}

describe("the matrix of the Grafana dialect", () => {
  const seen = matrixOf({
    dialect: grafana,
    rows,
    rowless: ({ method, config }) => method === "HEAD" || config.nothing === true,
    prepare,
    placesOf: placesBy(/\/:name(\/|$)|:id/, ":namespace"),
    ask,
    wanted,
    // 400: the body. 422: what is in it.
    outcome: doneOr(400, 422),
    cellsOver: 2_500,
    hidden: { from: (cell, twin) => wanted(cell) === 403 && wanted(twin) === 403, alike, pairsOver: 600 },
  });

  test("several names are answered to who may read them alone", () => {
    const told = seen().filter(({ row, answer }) => row.startsWith("POST /gsm") && answer.status === 200);
    const answers = told.filter(({ answer }) => !answer.text.includes("not authorized"));
    expect(answers.map(({ caller }) => caller.name)).toEqual(["bound and listed"]);
    expect(told.length).toBeGreaterThan(30);
  });

  test("a list shows what the credential's scopes name for listing, and nothing else that they name", async () => {
    const scopes = ["secret.list@mine/SECRET", "secret.reveal@mine/EXPIRED"];
    const { token } = await minted(world, "lists", { kind: "person", id: world.operatorId }, { scopes });
    const { status, text } = await world.wire.ask(token(), { method: "GET", path: at(values, "mine") });
    expect({ status, names: [...text.matchAll(/"name":"(\w+)"/g)].map(([, name]) => name) }).toEqual({
      status: 200,
      names: ["SECRET"],
    });
  });

  test("a service lists what lists it, where its token lets it see that", async () => {
    const self = { kind: "service", id: world.consumers.listed } as const;
    const list = async (more: object) => {
      const { token } = await minted(world, "lists", self, { stores: ["mine"], ...more });
      return (await world.wire.ask(token(), { method: "GET", path: `${gsm}/secrets` })).text;
    };
    expect(await list({})).toContain('"name":"SECRET"');
    expect(await list({ scopes: ["secret.reveal"] })).toBe('{"secrets":[]}');
  });
});
