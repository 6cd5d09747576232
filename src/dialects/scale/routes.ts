// The routes of the Scale dialect: the secrets of an account, by their metadata.
import type { FastifyInstance, FastifyReply } from "fastify";
import { refuseOtherMethods } from "../../http/methods.ts";
import type { DialectServices } from "../dialect.ts";
import { admission, found, secretRef, secretStore, selectAccount } from "./account.ts";
import { refusalOf } from "./errors.ts";
import * as present from "./present.ts";
import { apiKeyAttributes, repeatedWithinMs, wasSentBefore } from "./repeats.ts";
import * as schema from "./schema.ts";
import * as validation from "./validation.ts";

const all = "/v5/sgp/secrets";
const one = `${all}/:id`;

interface OnSecret {
  readonly Params: { readonly id: string };
}

export function routes(app: FastifyInstance, { operations }: DialectServices): void {
  const { secrets } = operations;
  const admit = admission(operations);
  const onRequest = selectAccount(operations);
  const answering = (answer: typeof schema.secret | typeof schema.secrets) => ({
    onRequest,
    schema: { response: { 200: answer } },
  });
  app.decorateRequest("selectedAccount");

  app.post(all, answering(schema.secret), async (request, reply) => {
    const { caller, body, headers } = request;
    const account = await admit(request, "secret.create");
    const checked = validation.newSecret(body, account.keyRule);
    if ("refusal" in checked) return refusalOf(reply, checked.refusal);
    const input = { ...checked.input, attributes: apiKeyAttributes(caller) };
    const created = wasSentBefore(headers)
      ? await secrets.createOnce(caller, account, secretStore, input, repeatedWithinMs)
      : await secrets.create(caller, account, secretStore, input);
    return present.secret(created, account, secrets.location(created));
  });

  app.get(all, answering(schema.secrets), async (request, reply) => {
    const { caller, query } = request;
    const account = await admit(request, "secret.list");
    const checked = validation.listAsked({ ...(query as object) });
    if ("refusal" in checked) return refusalOf(reply, checked.refusal);
    const { order, direction, limit, cursor } = checked.input;
    const backward = cursor?.way === "before";
    const against = direction === "asc" ? "desc" : "asc";
    const page = await secrets.list(caller, account, secretStore, {
      order,
      direction: backward ? against : direction,
      limit,
      totals: true,
      ...(cursor === null ? {} : { afterSecret: secretRef(cursor.id).id }),
    });
    const items = backward ? page.items.toReversed() : page.items;
    return present.secrets(items, {
      account,
      hasMore: page.next !== null,
      total: page.total ?? 0,
      limit,
      location: secrets.location,
    });
  });

  app.get<OnSecret>(one, answering(schema.secret), async (request) => {
    const { caller, params } = request;
    const secret = secretRef(params.id);
    const account = await admit(request, "secret.read", secret);
    const it = await found(secrets.get(caller, account, secretStore, secret));
    return present.secret(it, account, secrets.location(it));
  });

  app.patch<OnSecret>(one, answering(schema.secret), async (request, reply) => {
    const { caller, params, body } = request;
    const secret = secretRef(params.id);
    const { value = null, description = null } = validation.membersOf(body) ?? {};
    const account = await admit(request, value === null ? "secret.update" : "secret.write", secret);
    if (value !== null && description !== null) await admit(request, "secret.update", secret);
    const checked = validation.change(body);
    if ("refusal" in checked) return refusalOf(reply, checked.refusal);
    const updated = await found(secrets.update(caller, account, secretStore, secret, checked.input));
    return present.secret(updated, account, secrets.location(updated));
  });

  app.delete<OnSecret>(one, { onRequest }, async (request, reply: FastifyReply) => {
    const { caller, params } = request;
    const secret = secretRef(params.id);
    const account = await admit(request, "secret.delete", secret);
    // The service promises that nothing is left of it; the organization's own rule comes first.
    await found(secrets.remove(caller, account, secretStore, secret, { removal: "purge" }));
    return reply.code(204).send();
  });

  refuseOtherMethods(app, all, ["GET", "POST"]);
  refuseOtherMethods(app, one, ["GET", "PATCH", "DELETE"]);
}
