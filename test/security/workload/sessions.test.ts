// What lasts of a workload's session: the same foreign token is asked for its machine's name again after
// some seconds, and never for more than that.
import { afterAll, beforeAll, expect, test } from "vitest";
import { limits } from "../../../src/core/limits.ts";
import { heldClock } from "../../support/coffers.ts";
import { startIssuer, type TestIssuer } from "../../support/oidc-issuer.ts";
import { type Client, startCoffer, type TestCoffer } from "../../support/server.ts";

const home = "/v1/organizations/default";
const audience = "https://coffer.example/acme";
const clock = heldClock();
let issuer: TestIssuer;
let coffer: TestCoffer;
let owner: Client;

beforeAll(async () => {
  issuer = await startIssuer();
  coffer = await startCoffer({ clock, env: { COFFER_TRUSTS_ALLOWED_HOSTS: issuer.host } });
  owner = coffer.call(coffer.token);
});
afterAll(async () => {
  await coffer.stop();
  await issuer.close();
});

async function made(path: string, body: Record<string, unknown>, by = owner) {
  const answer = await by.post(`${home}/${path}`, body);
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

test("a machine that was renamed signs by its new name within seconds, in one session", async () => {
  const { id } = await made("machines", { name: "before" });
  const { id: store } = await made("stores", { name: "Its own", slug: "its-own" });
  const grant = { subject: { kind: "machine", id }, object: { kind: "store", id: store }, level: "write" };
  expect((await owner.put(`${home}/grants`, grant)).status).toBe(200);
  const claims = { organization_slug: "acme" };
  await made("trusts", { name: "ci", issuer: issuer.url, audience, claims, as: { machine: id } });
  const seconds = clock.now() / 1_000;
  const token = await issuer.sign({
    iss: issuer.url,
    aud: audience,
    iat: seconds,
    exp: seconds + 300,
    ...claims,
  });
  const robot = coffer.call(token);
  let count = 0;
  const signs = async () =>
    (await made("stores/its-own/secrets", { name: `s-${count++}` }, robot)).createdBy.name;

  expect(await signs()).toBe("before");
  expect((await owner.patch(`${home}/machines/${id}`, { name: "after" })).status).toBe(200);
  clock.pass(limits.credentialKeptMs - 1);
  expect(await signs()).toBe("before");
  clock.pass(1);
  expect([await signs(), await signs()]).toEqual(["after", "after"]);
  const { body } = await owner.get(`${home}/audit?action=session.open`);
  expect(body.items).toHaveLength(1);

  expect((await owner.delete(`${home}/machines/${id}`)).status).toBe(204);
  clock.pass(limits.credentialKeptMs);
  expect((await robot.get("/v1/whoami")).status).toBe(401);
});
