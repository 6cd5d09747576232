// As many access tokens as one machine may have, and what was once beyond them.
import { randomBytes } from "node:crypto";
import { afterAll, expect, test } from "vitest";
import { limits } from "../../../src/core/limits.ts";
import { heldClock } from "../../support/coffers.ts";
import { startCoffer } from "../../support/server.ts";
import {
  type AccessToken,
  asPerson,
  expectSentence,
  formOf,
  logIn,
  native,
  parse,
  seal,
  tokenKeyOf,
} from "./support.ts";

const hourMs = 60 * 60 * 1_000;
const start = Date.now();
const clock = heldClock(start);
const coffer = await startCoffer({ clock });
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);
const owner = await asPerson(coffer);
const most = limits.accessTokensOfMachineMax;

const { body: machine } = await me.post(`${native(coffer)}/machines`, { name: "many" });
const natively = `${native(coffer)}/machines/${machine.id}/access-tokens`;
const tokens = `/api/service-accounts/${machine.id}/access-tokens`;
const mint = (expiresAt: number | null) =>
  me.post(natively, {
    name: "t",
    ...(expiresAt === null ? {} : { expiresAt: new Date(expiresAt).toISOString() }),
  });
const listed = async (): Promise<readonly string[]> =>
  (await owner.get(tokens)).body.data.map(({ id }: { id: string }) => id);
const logsIn = async (token: AccessToken) => (await logIn(coffer.url, formOf(token))).status;

test("one more than the list has room for is refused, whoever asks, until others end; and each can be revoked", async () => {
  for (let made = 0; made < most; made += 100) {
    const answers = await Promise.all(Array.from({ length: 100 }, () => mint(start + hourMs)));
    expect(answers.every(({ status }) => status === 201)).toBe(true);
  }
  expect(await listed()).toHaveLength(most);

  const sentence = `The limit of ${most} access tokens of one machine is reached.`;
  const refused = await mint(null);
  expect({ status: refused.status, code: refused.body.error?.code }).toEqual({
    status: 409,
    code: "quota.exceeded",
  });
  const tokenKey = tokenKeyOf(randomBytes(16));
  const asked = {
    name: owner.seal("t"),
    encryptedPayload: seal(tokenKey, "{}"),
    key: owner.seal(tokenKey.toString("base64")),
  };
  expectSentence(await owner.post(tokens, asked), sentence);

  // One that is revoked makes room at once.
  const [oldest = ""] = await listed();
  await owner.post(`${tokens}/revoke`, { ids: [oldest] });
  const lasting = parse((await mint(null)).body.accessToken);
  expect((await mint(null)).status).toBe(409);
  expect(await listed()).toContain(lasting.id);

  // Those that ended make room, and do not hide those that stand.
  clock.pass(2 * hourMs);
  const newest = parse((await mint(null)).body.accessToken);
  expect(await listed()).toEqual(expect.arrayContaining([lasting.id, newest.id]));
  expect(await logsIn(newest)).toBe(200);
  expect((await owner.post(`${tokens}/revoke`, { ids: [newest.id] })).status).toBe(200);
  expect(await logsIn(newest)).toBe(400);
  expect(await logsIn(lasting)).toBe(200);
});

test("ids in any number are revoked, of this machine alone", async () => {
  const { body: other } = await me.post(`${native(coffer)}/machines`, { name: "other" });
  const made = await me.post(`${native(coffer)}/machines/${other.id}/access-tokens`, { name: "t" });
  const token = parse(made.body.accessToken);
  const ids = [...Array.from({ length: 2_000 }, () => crypto.randomUUID()), token.id];
  expect((await owner.post(`${tokens}/revoke`, { ids })).status).toBe(200);
  expect(await logsIn(token)).toBe(200);
  const others = `/api/service-accounts/${other.id}/access-tokens/revoke`;
  expect((await owner.post(others, { ids: [...ids, ...ids] })).status).toBe(200);
  expect(await logsIn(token)).toBe(400);
});
