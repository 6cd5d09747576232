// What takes access away, one case each: somebody who reads a secret, what he asks for, what somebody
// else then does on another node, and how he is answered from then on.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { SignJWT } from "jose";
import { done, invited, post } from "../matrix/places.ts";
import type { Asked, Wire } from "../matrix/wire.ts";

/** One request that is repeated all the time. */
export interface Question {
  readonly asked: Asked;
  /** A text that a full answer holds, and none from the change on. */
  readonly shows: string;
  /** The status from the change on. */
  readonly then: number;
}

export interface Case {
  readonly token: string;
  readonly questions: readonly Question[];
  /** Resolves with the 2xx of the node that changed it. */
  readonly change: () => Promise<void>;
}

interface Place {
  readonly slug: string;
  readonly storeId: string;
  readonly secretId: string;
  readonly name: string;
  readonly value: string;
}

const org = "/v1/organizations/default";
const nobody = "0198c2a0-0000-7000-8000-00000000dead";

/** Whoever changes things: the first owner, on the node of this wire. */
export function field(wire: Wire, owner: string) {
  const make = (path: string, body: unknown) => done(wire, owner, post(path, body));
  const act = (method: string, path: string, body?: unknown) => async () => {
    await done(wire, owner, { method, path, ...(body === undefined ? {} : { body }) });
  };

  const place = async (more: object = {}): Promise<Place> => {
    const slug = `s-${randomUUID().slice(0, 8)}`;
    const [name, value] = [`NAME_${randomUUID()}`, `value ${randomUUID()}`];
    const store = await make(`${org}/stores`, { slug, name: slug });
    const secret = await make(`${org}/stores/${slug}/secrets`, { name, value, ...more });
    return { slug, storeId: store.id, secretId: secret.id, name, value };
  };
  const onStore = ({ storeId }: Place, subject: object) => ({
    subject,
    object: { kind: "store", id: storeId },
  });
  const grantRead = (at: Place, subject: object) =>
    act("PUT", `${org}/grants`, { ...onStore(at, subject), level: "read" })();
  const member = (role = "member") => invited(wire, owner, "default", role);
  const mint = async (kind: string, id: string) =>
    (await make(`${org}/tokens`, { principal: { kind, id }, name: "t" })) as { id: string; token: string };
  const robot = async (at: Place) => {
    const { id } = await make(`${org}/machines`, { name: `robot ${randomUUID()}` });
    await grantRead(at, { kind: "machine", id });
    return { id: String(id), minted: await mint("machine", id) };
  };
  const consumer = async () => {
    const { id, name } = await make(`${org}/services`, { name: `service-${randomUUID()}` });
    return { id: String(id), name: String(name), token: (await mint("service", id)).token };
  };
  const job = async (at: Place) => {
    const jobId = randomUUID();
    const { token } = await make(`${org}/stores/${at.slug}/jobs`, {
      jobId,
      claims: { pipeline_slug: "web" },
    });
    return { jobId, token: String(token) };
  };

  return { make, act, place, onStore, grantRead, member, mint, robot, consumer, job };
}

export type Field = ReturnType<typeof field>;

const inStore = ({ slug }: Place) => `${org}/stores/${slug}`;
const secretAt = (at: Place) => `${inStore(at)}/secrets/${at.name}`;
const get = (path: string): Asked => ({ method: "GET", path });

export const reveal = (at: Place, then: number): Question => ({
  asked: get(`${secretAt(at)}/value`),
  shows: at.value,
  then,
});
const batch = (at: Place, then: number): Question => ({
  asked: post(`${inStore(at)}/values`, { names: [at.name] }),
  shows: at.value,
  then,
});
const metadata = (at: Place, then: number): Question => ({
  asked: get(secretAt(at)),
  shows: at.secretId,
  then,
});
const list = (at: Place, then: number): Question => ({
  asked: get(`${inStore(at)}/secrets`),
  shows: at.secretId,
  then,
});
const search = (at: Place, then: number): Question => ({
  asked: get(`${org}/secrets?search=${at.name.slice(5)}`),
  shows: at.secretId,
  then,
});
const whoami = (then: number): Question => ({ asked: get("/v1/whoami"), shows: '"principal"', then });

/** All that a person or a machine may ask; `across`: the status of a list over all stores. */
const everything = (at: Place, then: number, across: number): readonly Question[] => [
  reveal(at, then),
  batch(at, then),
  metadata(at, then),
  list(at, then),
  search(at, across),
];

export const revocations: Readonly<Record<string, (field: Field) => Promise<Case>>> = {
  async "a token is revoked"({ place, robot, act }) {
    const at = await place();
    const { minted } = await robot(at);
    const questions = [...everything(at, 401, 401), whoami(401)];
    return { token: minted.token, questions, change: act("DELETE", `${org}/tokens/${minted.id}`) };
  },
  async "a membership ends"({ place, member, act }) {
    const at = await place();
    const { token, membership } = await member("admin");
    const questions = [...everything(at, 401, 401), whoami(401)];
    return { token, questions, change: act("DELETE", `${org}/people/${membership}`) };
  },
  async "a role is lowered"({ place, member, act }) {
    const at = await place();
    const { token, membership } = await member("admin");
    const change = act("PATCH", `${org}/people/${membership}`, { role: "member" });
    return { token, questions: everything(at, 404, 200), change };
  },
  async "an admin becomes an auditor"({ place, member, act }) {
    const at = await place();
    const { token, membership } = await member("admin");
    const change = act("PATCH", `${org}/people/${membership}`, { role: "auditor" });
    return { token, questions: [reveal(at, 403)], change };
  },
  async "a person's grant is taken back"({ place, member, grantRead, act, onStore }) {
    const at = await place();
    const { token, id } = await member();
    const subject = { kind: "person", id };
    await grantRead(at, subject);
    const change = act("DELETE", `${org}/grants`, onStore(at, subject));
    return { token, questions: everything(at, 404, 200), change };
  },
  async "a machine's grant is taken back"({ place, robot, act, onStore }) {
    const at = await place();
    const { id, minted } = await robot(at);
    const change = act("DELETE", `${org}/grants`, onStore(at, { kind: "machine", id }));
    return { token: minted.token, questions: everything(at, 404, 200), change };
  },
  async "somebody leaves a group"({ place, member, make, grantRead, act }) {
    const at = await place();
    const { token, id } = await member();
    const group = await make(`${org}/groups`, { name: `group ${randomUUID()}` });
    await grantRead(at, { kind: "group", id: group.id });
    await act("PUT", `${org}/groups/${group.id}/members/${id}`)();
    const change = act("DELETE", `${org}/groups/${group.id}/members/${id}`);
    return { token, questions: everything(at, 404, 200), change };
  },
  async "a group is deleted"({ place, member, make, grantRead, act }) {
    const at = await place();
    const { token, id } = await member();
    const group = await make(`${org}/groups`, { name: `group ${randomUUID()}` });
    await grantRead(at, { kind: "group", id: group.id });
    await act("PUT", `${org}/groups/${group.id}/members/${id}`)();
    return { token, questions: everything(at, 404, 200), change: act("DELETE", `${org}/groups/${group.id}`) };
  },
  async "a machine is deleted"({ place, robot, act }) {
    const at = await place();
    const { id, minted } = await robot(at);
    const questions = [...everything(at, 401, 401), whoami(401)];
    return { token: minted.token, questions, change: act("DELETE", `${org}/machines/${id}`) };
  },
  async "a service is deleted"({ place, consumer, act }) {
    const { id, name, token } = await consumer();
    const at = await place({ consumers: [name] });
    const questions = [reveal(at, 401), batch(at, 401), whoami(401)];
    return { token, questions, change: act("DELETE", `${org}/services/${id}`) };
  },
  async "a service is bound to another store"({ place, consumer, act }) {
    const { id, name, token } = await consumer();
    const at = await place({ consumers: [name] });
    const change = act("PATCH", `${org}/services/${id}`, { stores: ["default"] });
    return { token, questions: [reveal(at, 404), batch(at, 404)], change };
  },
  async "a secret names its service no more"({ place, consumer, act }) {
    const { name, token } = await consumer();
    const at = await place({ consumers: [name] });
    return { token, questions: [reveal(at, 403)], change: act("PATCH", secretAt(at), { consumers: [] }) };
  },
  async "a policy turns a job away"({ place, job, act }) {
    const at = await place({ policy: "- pipeline_slug: web\n" });
    const { token } = await job(at);
    const change = act("PATCH", secretAt(at), { policy: "- pipeline_slug: api\n" });
    return { token, questions: [reveal(at, 403)], change };
  },
  async "a job ends"({ place, job, act }) {
    const at = await place();
    const { jobId, token } = await job(at);
    const questions = [reveal(at, 401), batch(at, 401), whoami(401)];
    return { token, questions, change: act("DELETE", `${inStore(at)}/jobs/${jobId}`) };
  },
  async "a trust ends"({ place, make, act }) {
    const at = await place();
    const { trust, token } = await workload(at, make);
    const questions = [reveal(at, 401), batch(at, 401), whoami(401)];
    return { token, questions, change: act("DELETE", `${org}/trusts/${trust}`) };
  },
  async "a secret is deleted"({ place, robot, act }) {
    const at = await place();
    const { minted } = await robot(at);
    const questions = [reveal(at, 404), batch(at, 200), metadata(at, 404), list(at, 200), search(at, 200)];
    return { token: minted.token, questions, change: act("DELETE", secretAt(at)) };
  },
  async "a secret is moved away"({ place, robot, act }) {
    const at = await place();
    const { minted } = await robot(at);
    const questions = [reveal(at, 404), batch(at, 200), metadata(at, 404), list(at, 200), search(at, 200)];
    return {
      token: minted.token,
      questions,
      change: act("POST", `${secretAt(at)}/move`, { store: "default" }),
    };
  },
  async "a store is deleted with what is in it"({ place, robot, act }) {
    const at = await place();
    const { minted } = await robot(at);
    const change = act("DELETE", `${inStore(at)}?force=true`);
    return { token: minted.token, questions: everything(at, 404, 200), change };
  },
  async "a value is replaced"({ place, robot, act }) {
    const at = await place();
    const { minted } = await robot(at);
    const change = act("PUT", `${secretAt(at)}/value`, { value: "another" });
    return { token: minted.token, questions: [reveal(at, 200), batch(at, 200)], change };
  },
};

/** A job that comes with a token of its own platform. The trust holds the keys: nothing is fetched. */
async function workload(at: Place, make: Field["make"]) {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = { ...publicKey.export({ format: "jwk" }), kid: "key-1", alg: "ES256", use: "sig" };
  const [issuer, audience] = ["https://ci.example.org", randomUUID()];
  const claims = { organization_slug: "acme" };
  const trust = await make(`${org}/trusts`, {
    name: "ci",
    issuer,
    audience,
    jwks: { keys: [key] },
    claims,
    store: at.slug,
    as: "job",
  });
  const token = await new SignJWT({ ...claims, pipeline_slug: "web", job_id: nobody })
    .setProtectedHeader({ alg: "ES256", kid: "key-1" })
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime("5m")
    .sign(privateKey);
  return { trust: String(trust.id), token };
}
