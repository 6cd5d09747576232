// What a client hears when it asks too often, asks for the head alone, or its organization keeps values
// that only its clients can read.
import { afterEach, expect, test } from "vitest";
import { heldClock } from "../../support/coffers.ts";
import { startCoffer, type TestCoffer } from "../../support/server.ts";
import { api, expectStatus, secureValue } from "./support.ts";

const S = `${api}/namespaces/default/securevalues`;
let coffer: TestCoffer;
afterEach(() => coffer.stop());

test("429: when to come back, in a header and in the details", async () => {
  const clock = heldClock();
  coffer = await startCoffer({ clock, env: { COFFER_RATE_LIMIT_PER_TOKEN: "1" } });
  const me = coffer.call(coffer.token);
  clock.pass(60_000 + 18_000);
  expect((await me.get(S)).status).toBe(200);
  const answer = await me.post(S, secureValue("a"));
  const message = "This credential has made too many requests this minute.";
  expectStatus(answer, 429, "TooManyRequests", message, { retryAfterSeconds: 42 });
  expect(answer.headers.get("retry-after")).toBe("42");
});

test("HEAD is GET without a body", async () => {
  coffer = await startCoffer();
  const head = (path: string) =>
    fetch(coffer.url + path, { method: "HEAD", headers: { authorization: `Bearer ${coffer.token}` } });
  for (const [path, status] of [
    [S, 200],
    ["/apis", 200],
    [`${S}/nope`, 404],
    [`${S}?watch=true`, 200],
  ] as const) {
    const answer = await head(path);
    expect({ status: answer.status, text: await answer.text() }).toEqual({ status, text: "" });
  }
});

test("400 where the clients of an organization seal its values themselves", async () => {
  coffer = await startCoffer();
  const me = coffer.call(coffer.token);
  await me.post("/v1/organizations", { slug: "sealed", name: "Sealed", custody: "client" });
  const principal = { kind: "person", id: coffer.bootstrap.person.id };
  const { body } = await me.post("/v1/organizations/sealed/tokens", { principal, name: "t" });
  const answer = await coffer.call(body.token).get(S);
  expect(answer.status).toBe(400);
  expect(answer.body).toMatchObject({ kind: "Status", reason: "BadRequest" });
  expect(answer.body.message).toContain("sealed by its clients");
});
