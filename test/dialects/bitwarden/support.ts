// A client of this API as its SDKs are, with a cryptography of its own: what it opens, others open.
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";
import { afterAll, expect } from "vitest";
import { type Answer, type Client, startCoffer, type TestCoffer } from "../../support/server.ts";

export function seal(key: Buffer, text: string): string {
  const iv = randomBytes(16);
  const cipher = createCipheriv("aes-256-cbc", key.subarray(0, 32), iv);
  const bytes = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  const mac = createHmac("sha256", key.subarray(32)).update(iv).update(bytes).digest();
  return `2.${[iv, bytes, mac].map((part) => part.toString("base64")).join("|")}`;
}

export function open(key: Buffer, sealed: string): string {
  const [iv, bytes, mac] = sealed
    .slice(2)
    .split("|")
    .map((part) => Buffer.from(part, "base64"));
  if (iv === undefined || bytes === undefined || mac === undefined) throw new Error("no EncString");
  const expected = createHmac("sha256", key.subarray(32)).update(iv).update(bytes).digest();
  if (!timingSafeEqual(expected, mac)) throw new Error("The cipher's MAC doesn't match the expected value");
  const cipher = createDecipheriv("aes-256-cbc", key.subarray(0, 32), iv);
  return Buffer.concat([cipher.update(bytes), cipher.final()]).toString("utf8");
}

export function tokenKeyOf(seed: Buffer): Buffer {
  return Buffer.from(hkdfSync("sha256", seed, "bitwarden-accesstoken", "sm-access-token", 64));
}

/** Somebody who speaks this API: sends and opens under his own key. */
export interface Speaker extends Client {
  readonly key: Buffer;
  seal(text: string): string;
  open(sealed: string): string;
  secret(name: string, value: string, more?: object): object;
}

export function speaker(client: Client, key: Buffer): Speaker {
  return {
    ...client,
    key,
    seal: (text) => seal(key, text),
    open: (sealed) => open(key, sealed),
    secret: (name, value, more = {}) => ({
      key: seal(key, name),
      value: seal(key, value),
      note: seal(key, ""),
      ...more,
    }),
  };
}

export interface Login {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever the wire carried
  readonly body: any;
}

export async function logIn(
  url: string,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Login> {
  const answer = await fetch(`${url}/identity/connect/token`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8", ...headers },
    body: new URLSearchParams(form).toString(),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    body: text === "" ? undefined : JSON.parse(text),
  };
}

export interface AccessToken {
  readonly id: string;
  readonly secret: string;
  readonly seed: Buffer;
  readonly text: string;
}

export function parse(text: string): AccessToken {
  const [, id = "", secret = "", seed = ""] = /^0\.([^.]+)\.([^:]+):(.+)$/.exec(text) ?? [];
  return { id, secret, seed: Buffer.from(seed, "base64"), text };
}

export const formOf = ({ id, secret }: Pick<AccessToken, "id" | "secret">) => ({
  scope: "api.secrets",
  client_id: id,
  client_secret: secret,
  grant_type: "client_credentials",
});

export interface Machine extends Speaker {
  readonly id: string;
  readonly token: AccessToken;
  readonly jwt: string;
}

/** A machine account with an access token, logged in as its SDK does. */
export async function aMachine(coffer: TestCoffer, name = "ci"): Promise<Machine> {
  const me = coffer.call(coffer.token);
  const { body: machine } = await me.post(`${native(coffer)}/machines`, { name });
  return asMachine(coffer, machine.id, await anAccessToken(coffer, machine.id));
}

export async function anAccessToken(coffer: TestCoffer, machineId: string): Promise<AccessToken> {
  const me = coffer.call(coffer.token);
  const made = await me.post(`${native(coffer)}/machines/${machineId}/access-tokens`, { name: "a token" });
  expect(made.status).toBe(201);
  return parse(made.body.accessToken);
}

export async function asMachine(coffer: TestCoffer, id: string, token: AccessToken): Promise<Machine> {
  const { status, body } = await logIn(coffer.url, formOf(token));
  expect(status).toBe(200);
  const { encryptionKey } = JSON.parse(open(tokenKeyOf(token.seed), body.encrypted_payload));
  const key = Buffer.from(encryptionKey, "base64");
  const jwt: string = body.access_token;
  return { ...speaker(coffer.call(jwt), key), id, token, jwt };
}

/** A person, by his own token and his own key. */
export async function asPerson(coffer: TestCoffer, token = coffer.token): Promise<Speaker> {
  const client = coffer.call(token);
  const { body } = await client.get(`${native(coffer)}/bitwarden/transport-key`);
  return speaker(client, Buffer.from(body.transportKey, "base64"));
}

export const native = ({ bootstrap }: TestCoffer) => `/v1/organizations/${bootstrap.organization.id}`;
export const organization = ({ bootstrap }: TestCoffer) => `/api/organizations/${bootstrap.organization.id}`;

type Given = [
  subject: { kind: "person" | "machine" | "group"; id: string },
  object: { kind: "organization" | "store" | "secret" | "machine"; id: string },
  level: "read" | "write" | "manage",
];

export async function grant(coffer: TestCoffer, ...[subject, object, level]: Given): Promise<void> {
  const { status } = await coffer
    .call(coffer.token)
    .put(`${native(coffer)}/grants`, { subject, object, level });
  expect(status).toBe(200);
}

export interface Member extends Speaker {
  readonly membershipId: string;
  readonly id: string;
  readonly token: string;
}

/** A member of the organization with a token of his own. */
export async function aMember(coffer: TestCoffer, email: string, role = "member"): Promise<Member> {
  const me = coffer.call(coffer.token);
  const invited = await me.post(`${native(coffer)}/people`, { email, role });
  expect(invited.status).toBe(201);
  const accepted = await coffer
    .call(null)
    .post("/v1/invitations/accept", { invitation: invited.body.invitation, name: email.split("@")[0] });
  expect(accepted.status).toBeLessThan(300);
  const { token, person } = accepted.body;
  return {
    ...(await asPerson(coffer, token)),
    membershipId: invited.body.membershipId,
    id: person.id,
    token,
  };
}

/** A Coffer for the tests of a file, its owner, and whom and what they begin with. */
export async function startBitwarden() {
  const coffer = await startCoffer();
  afterAll(() => coffer.stop());
  const home = organization(coffer);
  return {
    coffer,
    me: coffer.call(coffer.token),
    home,
    natively: native(coffer),
    organizationId: coffer.bootstrap.organization.id,
    owner: await asPerson(coffer),
    aMachine: (name?: string) => aMachine(coffer, name),
    aMember: (email: string, role?: string) => aMember(coffer, email, role),
    aProject: async (by: Speaker, name = "P"): Promise<string> =>
      (await by.post(`${home}/projects`, { name: by.seal(name) })).body.id,
    grant: (...given: Given) => grant(coffer, ...given),
  };
}

export const nowhere = "0198c2a0-0000-7000-8000-00000000dead";
export const anId = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
export const aTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
export const sealedText = expect.stringMatching(/^2\.[A-Za-z0-9+/=]+\|[A-Za-z0-9+/=]+\|[A-Za-z0-9+/=]+$/);

/** A secret of one project, with its value, whatever object it stands in. */
export function shownSecret(organizationId: string, project: string, id: string) {
  return {
    id,
    organizationId,
    key: sealedText,
    value: sealedText,
    note: sealedText,
    creationDate: aTime,
    revisionDate: aTime,
    projects: [{ id: project, name: sealedText }],
  };
}

export function errorBody(message: string, validationErrors: object | null = null) {
  return {
    message,
    validationErrors,
    exceptionMessage: null,
    exceptionStackTrace: null,
    innerExceptionMessage: null,
    object: "error",
  };
}

export function expectNothing(answer: Answer): void {
  expect({ status: answer.status, body: answer.body }).toEqual({
    status: 404,
    body: errorBody("Resource not found."),
  });
  expectJson(answer);
}

export function expectProblem(answer: Answer, problems: Record<string, string>): void {
  const listed = Object.fromEntries(Object.entries(problems).map(([field, text]) => [field, [text]]));
  expect({ status: answer.status, body: answer.body }).toEqual({
    status: 400,
    body: errorBody("The model state is invalid.", listed),
  });
  expectJson(answer);
}

export function expectSentence(answer: Answer, message: string, status = 400): void {
  expect({ status: answer.status, body: answer.body }).toEqual({ status, body: errorBody(message) });
  expectJson(answer);
}

export function expectJson({ headers }: Pick<Answer, "headers">): void {
  expect(headers.get("content-type")).toBe("application/json; charset=utf-8");
}

export const page = (data: readonly unknown[]) => ({ object: "list", data, continuationToken: null });
