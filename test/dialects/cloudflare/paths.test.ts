// Which paths there are: the slashes that count, and methods that a path does not take.
import { afterAll, describe, expect, test } from "vitest";
import { startCoffer } from "../../support/server.ts";
import {
  accountPath,
  aSecret,
  aStore,
  authentication,
  expectDone,
  expectRefused,
  secretNotFound,
  secretsStore,
  storeNotFound,
} from "./support.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);
const stores = `${secretsStore(coffer)}/stores`;
const noRoute = { code: 7000, message: "No route for that URI" };
const notFound = { code: 1000, message: "not_found" };

describe("slashes", () => {
  test("200: too many after the base are nothing, and all of it lies below /cloudflare too", async () => {
    const { secrets } = await aStore(coffer);
    const rest = secrets.slice("/client/v4".length);
    for (const base of ["/client/v4/", "/client/v4//", "//client/v4", "/cloudflare/client/v4/"]) {
      expectDone(await me.get(base + rest), [], {
        result_info: { page: 1, per_page: 20, count: 0, total_count: 0, total_pages: 0 },
      });
    }
  });

  test("404: an empty id leads to no list, whatever is asked of it", async () => {
    const store = await aStore(coffer);
    const secret = await aSecret(me, store);
    for (const path of [`${store.secrets}/`, `${stores}/`]) {
      for (const method of ["get", "delete", "patch", "post", "put"] as const) {
        expectRefused(await me[method](path), 404, notFound);
      }
      expectRefused(await me.delete(path, [{ id: secret.id }]), 404, notFound);
      expectRefused(await coffer.call(null).get(path), 401, authentication);
    }
    expectRefused(await me.get(`${stores}//secrets`), 404, storeNotFound);
    expectRefused(await me.delete(`${stores}//secrets`, [{ id: secret.id }]), 404, storeNotFound);
    expectRefused(await me.get(`${stores}//secrets/${secret.id}`), 404, storeNotFound);
    expectRefused(await me.post(`${store.secrets}//duplicate`, {}), 404, secretNotFound);
    expectDone(await me.get(`${store.secrets}/${secret.id}`), secret);
  });

  test("404: nothing else is stripped or folded", async () => {
    const { path, secrets } = await aStore(coffer);
    const account = accountPath(coffer);
    for (const odd of [
      `${path}//secrets`,
      `${secrets}/x/`,
      `${secrets}/x/duplicate/`,
      `${account}//secrets_store/stores`,
      `${account}/secrets_store/Stores`,
      `${account}/secrets_store`,
      `${account}/workers/scripts`,
      "/client/v4",
      "/client/v4/",
      "/client/v4/zones",
      "/client/v4/user/",
      "/cloudflare/accounts",
    ]) {
      expectRefused(await me.get(odd), 404, noRoute);
    }
  });
});

describe("accounts", () => {
  test.each(["xyz", "", "0".repeat(31), "0".repeat(33), `${"0".repeat(31)}g`, "a%2fb"])(
    "400: %j is no id, and a client must not take it for gone",
    async (id) => {
      const rest = `/accounts/${id}/secrets_store/stores/s/secrets/x`;
      const message = `Could not route to ${rest}, perhaps your object identifier is invalid?`;
      const refusal = [{ code: 7003, message }, noRoute] as const;
      for (const method of ["get", "delete", "patch"] as const) {
        expectRefused(await me[method](`/client/v4${rest}`), 400, ...refusal);
      }
      expectRefused(await coffer.call(null).get(`/client/v4${rest}`), 401, authentication);
    },
  );

  test("200: letter case does not count", async () => {
    const { id } = await aStore(coffer);
    const path = `${accountPath(coffer).toUpperCase().replace("/CLIENT/V4/ACCOUNTS", "/client/v4/accounts")}`;
    expect((await me.get(`${path}/secrets_store/stores/${id}`)).status).toBe(200);
  });
});

test("405: a known path with a method that it does not take, after the credential", async () => {
  const { path, secrets } = await aStore(coffer);
  const refusal = { code: 10405, message: "Method not allowed" };
  expectRefused(await me.put(stores, "{"), 405, refusal);
  expectRefused(await me.patch(path, { name: "n" }), 405, refusal);
  expectRefused(await me.put(secrets), 405, refusal);
  expectRefused(await me.get(`${secrets}/x/duplicate`), 405, refusal);
  expectRefused(await me.post("/client/v4/user", {}), 405, refusal);
  expectRefused(await me.delete(`${secretsStore(coffer)}/quota`), 405, refusal);
  expectRefused(await coffer.call(null).put(stores), 401, authentication);
});

test("an account that is sealed by its clients has no secrets here", async () => {
  const made = await me.post("/v1/organizations", { slug: "sealed", name: "S", custody: "client" });
  const account = made.body.id.replaceAll("-", "");
  const { items } = (await me.get("/v1/organizations/sealed/stores")).body;
  const path = `/client/v4/accounts/${account}/secrets_store/stores/${items[0].id.replaceAll("-", "")}/secrets`;
  const refusal = { code: 1003, message: "account_is_sealed_by_its_clients" };
  expectRefused(await me.get(path), 400, refusal);
  expectRefused(await me.post(path, "{"), 400, refusal);
});
