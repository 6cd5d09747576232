// The secrets manager's API, by which services read values: one, several, or as bare text. A service reads
// in the one store that its credential is bound to, and only what lists it. Each name is answered, and
// written down, for itself.
import type { FastifyRequest } from "fastify";
import { unauthenticated } from "../../../core/access.ts";
import type { Caller } from "../../../core/caller.ts";
import { CofferError, invalid } from "../../../core/errors.ts";
import type { Ref } from "../../../core/organizations/organization.ts";
import type { Revealed } from "../../../core/secrets/revealing.ts";
import { type Secret, type SecretRef, secretRefOf } from "../../../core/secrets/secret.ts";
import { parseJson } from "../../../http/json.ts";
import { storeRef } from "../namespaces.ts";
import { queryOf } from "../options.ts";
import { type Site, send } from "../route.ts";
import { refOf } from "../securevalue.ts";
import type { Answer } from "../status.ts";

const base = "/gsm/api/v1";
const namesMax = 64;

type Outcome = Answer & { readonly said: "not found" | "not authorized" | "decryption failed" };

interface Place {
  readonly org: Ref;
  readonly store: Ref;
  readonly slug: string;
}

function refused(status: number, said: Outcome["said"]): Outcome {
  return { status, said, body: { code: "error", message: said } };
}

export function gsmRoutes({ app, operations, aliases }: Site): void {
  const { secrets, services } = operations;

  const placeOf = async (caller: Caller, target: SecretRef | null): Promise<Place> => {
    if (caller.kind === "job") throw unauthenticated("misplaced");
    const { organizationId, store } = await services.place(caller, target);
    return { org: { id: organizationId }, store: { id: store.id }, slug: store.slug };
  };

  const reveal = async (caller: Caller, { org, store }: Place, ref: SecretRef): Promise<Revealed> => {
    try {
      return await secrets.reveal(caller, org, store, ref);
    } catch (error) {
      if (!(error instanceof CofferError) || error.code !== "secret.no_value") throw error;
      // Without a value of its own it may refer to one that only another keeper has.
      const secret = await secrets.get(caller, org, store, ref);
      if (refOf(secret) === null) throw error;
      throw new CofferError("value.integrity", "The value lies in a keeper that this server does not reach.");
    }
  };

  const route = (url: string, answer: (asked: FastifyRequest) => Promise<Answer>) =>
    app.route({
      method: "GET",
      url,
      handler: async (request, reply) => send(reply, await answer(request).catch(outcomeOf)),
    });

  route(`${base}/secrets`, async ({ caller }) => {
    const { org, store } = await placeOf(caller, null);
    const listed = await services.secrets(caller, org, store);
    return { status: 200, body: { secrets: listed.map(metadata) } };
  });

  route(`${base}/secrets/:id`, async ({ caller, params }) => {
    const ref = refIn(params);
    const { org, store } = await placeOf(caller, ref);
    return { status: 200, body: metadata(await secrets.get(caller, org, store, ref)) };
  });

  app.route({
    method: "GET",
    url: `${base}/secrets/:id/decrypt`,
    handler: async (request, reply) => {
      const { caller, params } = request;
      const ref = refIn(params);
      const decrypt = async () => reveal(caller, await placeOf(caller, ref), ref);
      const found = await decrypt().catch(outcomeOf);
      if ("body" in found) return send(reply, found);
      const plaintext = textOf(found);
      if (isRaw(request)) return reply.type("text/plain; charset=utf-8").send(plaintext);
      return send(reply, { status: 200, body: { ...metadata(found.secret), plaintext } });
    },
  });

  app.route({
    method: "POST",
    url: `${base}/decrypt`,
    handler: async ({ caller, body }, reply) => {
      if (caller.kind === "job") throw unauthenticated("misplaced");
      const { namespace, names } = batchOf(body as Buffer | undefined); // as this dialect's parser has it
      const store = storeRef(aliases, namespace);
      const told = async (name: string): Promise<{ value: string } | { error_message: string }> => {
        const place = await placeOf(caller, { name });
        const there = "slug" in store && store.slug === place.slug;
        // What is asked of another place is asked there, so that its refusal is written down.
        const found = await reveal(caller, there ? place : { ...place, store }, { name }).catch(outcomeOf);
        if (there) return "body" in found ? { error_message: found.said } : { value: textOf(found) };
        return { error_message: "not authorized" };
      };
      const answers = [...new Set(names)].map(async (name) => {
        const answer = await told(name).catch((error) => ({ error_message: outcomeOf(error).said }));
        return [name, answer] as const;
      });
      const values = Object.fromEntries(await Promise.all(answers));
      return send(reply, { status: 200, body: { decrypted_values: values } });
    },
  });
}

/** What there is to say of a name that cannot be answered; all else is a fault. */
function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof CofferError)) throw error;
  switch (error.code) {
    case "caller.denied":
    case "store.not_found":
    case "organization.not_found":
      return refused(403, "not authorized");
    case "secret.not_found":
    case "secret.expired":
    case "secret.no_value":
      return refused(404, "not found");
    case "value.integrity":
      return refused(502, "decryption failed");
    default:
      throw error;
  }
}

function textOf({ value }: Revealed): string {
  if (value === null) throw new CofferError("internal", "A revealed value is missing.");
  return value.reveal();
}

function refIn(params: unknown): SecretRef {
  return secretRefOf((params as { readonly id: string }).id); // as declared by the path
}

function isRaw({ query, headers }: FastifyRequest): boolean {
  if (queryOf(query).format === "raw") return true;
  return headers.accept?.split(",")[0]?.trim().startsWith("text/plain") === true;
}

function batchOf(body: Buffer | undefined): {
  readonly namespace: string;
  readonly names: readonly string[];
} {
  const value = parseJson(body ?? Buffer.alloc(0));
  if (typeof value !== "object" || value === null) throw invalid("body", "must be an object");
  const { namespace, names } = value as Readonly<Record<string, unknown>>;
  if (typeof namespace !== "string") throw invalid("namespace", "must be text");
  const sound = Array.isArray(names) && names.length >= 1 && names.length <= namesMax;
  if (!sound) throw invalid("names", `must be a list of 1 to ${namesMax} names`);
  const texts = names.filter((name): name is string => typeof name === "string" && name.isWellFormed());
  if (texts.length !== names.length) throw invalid("names", "must hold text alone");
  return { namespace, names: texts };
}

/** Times in whole seconds; the numbers of a place that has none are those of a first one. */
function metadata(secret: Secret) {
  return {
    uuid: secret.id,
    name: secret.name,
    description: secret.description ?? "",
    labels: Object.entries(secret.labels ?? {}).map(([name, value]) => ({ name, value })),
    org_id: 1,
    stack_id: 1,
    created_by: secret.createdBy.name,
    created_at: Math.floor(secret.createdAt / 1_000),
    modified_at: Math.floor((secret.updatedAt ?? secret.createdAt) / 1_000),
  };
}
