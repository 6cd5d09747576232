// The routes of the Bitwarden dialect, asked by every kind of caller. As expected.ts, the table is written
// by hand from the contract and computed by nothing; its signs, in the order of `columns` in callers.ts:
//   +  done      1  401: a credential that nobody knows there      u  401: for administrators alone
//   4  404       d  200, and of the one item "access denied"       p  400: for machine accounts alone
//   .  not asked: it would change what the others find
import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { bitwarden } from "../../../src/dialects/bitwarden/index.ts";
import { seal } from "../../dialects/bitwarden/support.ts";
import { type Caller, freshSecret, signIn } from "./callers.ts";
import { type Cell, matrixOf, type Seen } from "./foreign.ts";
import { done, idAt, idOfSecret, post, type World } from "./places.ts";
import type { Answered } from "./wire.ts";

const org = "/api/organizations/:organizationId";
const project = "/api/projects/:id";
const secret = "/api/secrets/:id";
const account = "/api/service-accounts/:id";
const trash = "/api/secrets/:organizationId/trash";
const policies = "access-policies";

//                 roles  org  store secr group mach machines serv jobs out tokens
const read = "+++44 +++ +++ +++ +++ 44 4++++ 111 111 44 ++++4+4+4";
const written = "+++44 4++ 4++ 4++ 4++ 44 44++4 111 111 44 4+4+4+444";
const deleted = "+++44 d++ d++ d++ d++ 44 4d++d 111 111 44 d+d+4+4d4";
const versionsGone = "+++44 4++ 4++ 4.. 4++ 44 44++4 111 111 44 4+4+4+444";
const projectRead = "++++4 +++ +++ 444 +++ 44 4+++4 111 111 44 444+4+444";
const projectWritten = "+++44 4++ 4++ 444 4++ 44 44++4 111 111 44 444+4+444";
const projectGone = "+++d4 d++ d.. 444 d.. 44 4d..4 111 111 44 444.4+444";
const projectShown = "++++4 44+ 44+ 444 44+ 44 44444 111 111 44 444+4+444";
const projectShared = "+++44 44+ 44. 444 44. 44 44444 111 111 44 444.4.444";
const within = "+++++ +++ +++ +++ +++ ++ +++++ 111 111 44 +++++++++";
const people = "+++++ +++ +++ +++ +++ ++ 44444 111 111 44 +++++++++";
const machineRead = "++++4 444 444 444 444 ++ 44444 111 111 44 44444+444";
const machineWritten = "+++44 444 444 444 444 4+ 44444 111 111 44 44444+444";
const admins = "+++uu uuu uuu uuu uuu uu uuuuu 111 111 44 uuuuu+uuu";
const nothingThere = "444uu uuu uuu uuu uuu uu uuuuu 111 111 44 uuuuu4uuu";
const administrators = "+++44 444 444 444 444 44 44444 111 111 44 44444+444";
const trail = "++++4 444 444 444 444 44 44444 111 111 44 44444+444";

const rows: Readonly<Record<string, string>> = {
  [`GET ${org}/secrets`]: within,
  [`POST ${org}/secrets`]: projectWritten,
  [`GET ${org}/secrets/sync`]: "ppppp ppp ppp ppp ppp pp +++++ 111 111 44 ppppppppp",
  "GET /api/projects/:projectId/secrets": projectRead,
  [`GET ${secret}`]: read,
  [`PUT ${secret}`]: written,
  "POST /api/secrets/delete": deleted,
  "POST /api/secrets/get-by-ids": read,
  [`GET ${secret}/${policies}`]: "++++4 44+ 44+ 44+ 44+ 44 44444 111 111 44 444+4+444",
  "GET /api/secrets/:secretId/versions": read,
  "PUT /api/secrets/:secretId/versions/restore": written,
  "GET /api/secret-versions/:id": read,
  "POST /api/secret-versions/get-by-ids": read,
  "POST /api/secret-versions/delete": versionsGone,

  [`GET ${org}/projects`]: within,
  [`POST ${org}/projects`]: "+++4+ +++ +++ +++ +++ ++ +++++ 111 111 44 44444+444",
  [`GET ${project}`]: projectRead,
  [`PUT ${project}`]: projectWritten,
  "POST /api/projects/delete": projectGone,
  [`GET ${project}/${policies}/people`]: projectShown,
  [`PUT ${project}/${policies}/people`]: projectShared,
  [`GET ${project}/${policies}/service-accounts`]: projectShown,
  [`PUT ${project}/${policies}/service-accounts`]: projectShared,
  [`GET ${project}/sm-counts`]: "++++4 +++ +++ 444 +++ 44 44444 111 111 44 444+4+444",

  [`GET ${org}/service-accounts`]: people,
  [`POST ${org}/service-accounts`]: "+++4+ +++ +++ +++ +++ ++ 44444 111 111 44 44444+444",
  [`GET ${account}`]: machineRead,
  [`PUT ${account}`]: machineWritten,
  "POST /api/service-accounts/delete": "+++d4 444 444 444 444 d. 44444 111 111 44 44444+444",
  [`GET ${account}/access-tokens`]: machineRead,
  [`POST ${account}/access-tokens`]: "+++44 444 444 444 444 4+ 44444 111 111 44 444444444",
  [`POST ${account}/access-tokens/revoke`]: "+++44 444 444 444 444 4+ 44444 111 111 44 44444+44+",
  [`GET ${account}/${policies}/people`]: "++++4 444 444 444 444 4+ 44444 111 111 44 44444+444",
  [`PUT ${account}/${policies}/people`]: "+++44 444 444 444 444 4. 44444 111 111 44 44444.44.",
  [`GET ${account}/granted-policies`]: machineWritten,
  [`PUT ${account}/granted-policies`]: machineWritten,
  [`GET ${account}/sm-counts`]: machineRead,

  [`GET ${org}/${policies}/people/potential-grantees`]: "+++++ +++ +++ +++ +++ ++ 44444 111 111 44 44444+444",
  [`GET ${org}/${policies}/service-accounts/potential-grantees`]: people,
  [`GET ${org}/${policies}/projects/potential-grantees`]: people,
  [`GET ${org}/sm-counts`]: people,

  [`GET ${trash}`]: admins,
  [`POST ${trash}/restore`]: nothingThere,
  [`POST ${trash}/empty`]: nothingThere,
  "GET /api/sm/:organizationId/export": administrators,
  "POST /api/sm/:organizationId/import": administrators,
  "GET /api/sm/events/service-accounts/:id": "++++4 444 444 444 444 44 44444 111 111 44 44444+444",
  "GET /api/organization/:organizationId/secrets/:id/events": trail,
  "GET /api/organization/:organizationId/projects/:id/events": trail,
  "GET /api/organization/:organizationId/service-account/:id/events": trail,
};

const nothing = "0198c2a0-0000-7000-8000-00000000dead";
const natively = "/v1/organizations/here";

let world: World;
let organizationId: string;
let secretId: string;
let versionId: string;
const keys = new Map<string, Buffer>();

async function prepare(made: World, admitted: readonly Caller[]): Promise<readonly Caller[]> {
  world = made;
  organizationId = await idAt(made, made.here);
  secretId = await idOfSecret(made, made.here);
  versionId = await pastVersion(secretId);
  for (const caller of admitted) keys.set(caller.name, await keyOf(caller));
  return [];
}

/** Who may not ask for his key is not let in there either: any will do. */
async function keyOf({ token }: Caller): Promise<Buffer> {
  const path = `${natively}/bitwarden/transport-key`;
  const { status, text } = await world.wire.ask(token(), { method: "GET", path });
  if (status !== 200) return randomBytes(64);
  return Buffer.from(JSON.parse(text).transportKey, "base64");
}

async function pastVersion(of: string): Promise<string> {
  const path = `/api/secrets/${of}/versions`;
  const { data } = await done(world.wire, world.operator, { method: "GET", path });
  return data[0].id;
}

async function ask(cell: Cell): Promise<Answered> {
  const { row, caller, place } = cell;
  const [method = "", url = ""] = row.split(" ");
  const missing = place === "missing";
  const id = missing ? nothing : await idOf(cell);
  const path = url
    .replace(":organizationId", missing ? nothing : organizationId)
    .replace(/:(secretId|projectId|id)/, id);
  const body = method === "GET" ? {} : { body: await bodyOf(cell, id) };
  return world.wire.ask(caller.token(), { method, path, ...body });
}

/** What the path names; what will be done is done to something made for it. */
async function idOf({ row, caller }: Cell): Promise<string> {
  if (row.includes("/projects/:"))
    return row.startsWith("PUT") && row.includes(policies) ? freshStore(caller, row) : world.here.storeId;
  if (row.includes("service-account")) {
    const replaces = row === `PUT ${account}/${policies}/people` && signOf({ row, caller }) === "+";
    return replaces ? freshMachine() : world.here.machine;
  }
  return row.includes("secret-versions/:") ? versionId : secretId;
}

async function freshStore(caller: Caller, row: string): Promise<string> {
  if (signOf({ row, caller }) !== "+") return world.here.storeId;
  const name = `s-${crypto.randomUUID()}`;
  return (await done(world.wire, world.operator, post(`${natively}/stores`, { name, slug: name }))).id;
}

async function freshMachine(): Promise<string> {
  return (await done(world.wire, world.operator, post(`${natively}/machines`, { name: "fresh" }))).id;
}

async function freshPastVersion(caller: Caller): Promise<string> {
  const { id } = await freshSecret(world, world.here, caller, "v");
  const path = `${natively}/stores/mine/secrets/${id}/value`;
  await done(world.wire, world.operator, { method: "PUT", path, body: { value: "w" } });
  return pastVersion(id);
}

async function bodyOf(cell: Cell, id: string): Promise<unknown> {
  const { row, caller, place } = cell;
  const missing = place === "missing";
  const does = !missing && signOf(cell) === "+";
  const key = keys.get(caller.name) ?? randomBytes(64);
  const sealed = (text: string) => seal(key, text);
  const policyLists = {
    userAccessPolicyRequests: [],
    groupAccessPolicyRequests: [],
    serviceAccountAccessPolicyRequests: [],
    projectGrantedPolicyRequests: [],
  };
  if (row.includes(policies) || row.includes("granted-policies")) return policyLists;
  const [method, url = ""] = row.split(" ");
  switch (url) {
    case `${org}/secrets`:
    case secret: {
      const name = method === "PUT" ? "SECRET" : `made-${crypto.randomUUID()}`;
      const at = { projectIds: [missing ? nothing : world.here.storeId] };
      return { key: sealed(name), value: sealed("second"), note: sealed(""), ...at };
    }
    case "/api/secrets/delete":
      return [missing ? nothing : does ? (await freshSecret(world, world.here, caller, "v")).id : secretId];
    case "/api/secrets/get-by-ids":
      return { ids: [missing ? nothing : secretId] };
    case "/api/secrets/:secretId/versions/restore":
      return { versionId: missing ? nothing : versionId };
    case "/api/secret-versions/get-by-ids":
      return [missing ? nothing : versionId];
    case "/api/secret-versions/delete":
      return [missing ? nothing : does ? await freshPastVersion(caller) : versionId];
    case "/api/projects/delete":
      return [missing ? nothing : does ? await freshStore(caller, row) : world.here.storeId];
    case "/api/service-accounts/delete": {
      if (!does) return [missing ? nothing : world.here.machine];
      return [await freshMachine()];
    }
    case `${account}/access-tokens`: {
      const payload = { encryptedPayload: sealed("x"), key: sealed(randomBytes(64).toString("base64")) };
      return { name: sealed("t"), ...payload };
    }
    case `${account}/access-tokens/revoke`:
      return { ids: [] };
    case `${trash}/restore`:
    case `${trash}/empty`:
      return [nothing];
    case "/api/sm/:organizationId/import":
      return { projects: [], secrets: [] };
    default:
      return { name: sealed(id === world.here.machine ? "robot" : "mine") };
  }
}

function signOf({ row, caller }: Pick<Cell, "row" | "caller">): string {
  return signIn(rows, row, caller.name) ?? "1";
}

function wanted(cell: Cell): string {
  const sign = signOf(cell);
  return cell.place === "own" || sign === "1" ? sign : "4";
}

function outcome({ answer: { status, text } }: Seen): string {
  if (status === 401) return text === "" ? "1" : "u";
  if (status === 400 && text.includes("Only service accounts can sync secrets.")) return "p";
  if (status === 404) return "4";
  if (status !== 200) return String(status);
  return text.includes('"error":"access denied"') ? "d" : "+";
}

describe("the matrix of the Bitwarden dialect", () => {
  const seen = matrixOf({
    dialect: bitwarden,
    rows,
    rowless: ({ config }) => config.public === true,
    prepare,
    placesOf: () => ["own", "missing"],
    skips: (cell) => signOf(cell) === ".",
    ask,
    wanted,
    outcome,
    cellsOver: 3_500,
  });

  test("what is hidden from a caller answers as what is not there, to the letter", () => {
    const texts = new Set(
      seen()
        .filter((cell) => outcome(cell) === "4")
        .map(({ answer }) => answer.text),
    );
    expect(texts.size).toBe(1);
  });
});
