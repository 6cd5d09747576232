// Lists in lists, 400,000 deep: an error of whoever sent them, in the form of each API, and of nobody else.
import { afterAll, describe, expect, test } from "vitest";
import { startCoffer } from "../support/server.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const organizationId = coffer.bootstrap.organization.id;
const account = organizationId.replaceAll("-", "");
const storeId = coffer.bootstrap.store.id;

const bearer = { authorization: `Bearer ${coffer.token}` };
const rule = "must not be nested deeper than 64";

interface Api {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly type?: string;
  readonly form: object;
  /** 400 where its contract has nothing else. */
  readonly status?: number;
}

const apis: Readonly<Record<string, Api>> = {
  native: {
    path: "/v1/organizations/default/stores/default/secrets",
    form: { error: { code: "request.invalid", details: { field: "body", rule, limit: 64 } } },
  },
  Buildkite: {
    path: `/v2/organizations/default/clusters/${storeId}/secrets`,
    form: { message: "Invalid JSON in request body" },
  },
  "Buildkite's GraphQL": { path: "/graphql/v1", form: { errors: [{ message: `"body" ${rule}` }] } },
  Bitwarden: {
    path: `/api/organizations/${organizationId}/secrets`,
    form: { message: "The model state is invalid.", object: "error" },
  },
  Grafana: {
    path: "/apis/secret.grafana.app/v1beta1/namespaces/default/securevalues",
    form: { kind: "Status", reason: "BadRequest", code: 400 },
  },
  "Grafana's YAML": {
    path: "/apis/secret.grafana.app/v1beta1/namespaces/default/securevalues",
    type: "application/yaml",
    form: { kind: "Status", reason: "BadRequest", code: 400 },
  },
  GSM: { path: "/gsm/api/v1/decrypt", form: { code: "error", message: `"body" ${rule}` } },
  Cloudflare: {
    path: `/client/v4/accounts/${account}/secrets_store/stores/${storeId.replaceAll("-", "")}/secrets`,
    form: { success: false, errors: [{ message: "invalid_json_body" }] },
  },
  Scale: {
    path: "/v5/sgp/secrets",
    headers: { "x-api-key": coffer.token },
    status: 422,
    form: { detail: [{ type: "json_invalid" }] },
  },
};

const depth = 400_000;
const lists = (inner: string) => "[".repeat(depth) + inner + "]".repeat(depth);

describe.each(Object.entries(apis))(
  "%s",
  (_, { path, headers = bearer, type = "application/json", status = 400, form }) => {
    test.each([
      ["around the name of a prototype", lists('"__proto__"')],
      ["in a member", `{"name":${lists("1")}}`],
    ])("refused: %s", async (_where, body) => {
      const sent = { ...headers, "content-type": type };
      const answer = await fetch(coffer.url + path, { method: "POST", headers: sent, body });
      const text = await answer.text();
      expect(answer.status, text).toBe(status);
      expect(text.length).toBeLessThan(500);
      expect(JSON.parse(text)).toMatchObject(form);
    });
  },
);
