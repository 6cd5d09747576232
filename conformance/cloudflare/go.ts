// Cloudflare's Go library, on which its Terraform provider is built; see go/main.go for what it does.
import { deepEqual, equal, match } from "node:assert/strict";
import { cleanEnvironment, run } from "../support/processes.ts";
import type { Suite } from "../support/suite.ts";
import type { Site } from "./site.ts";

export async function goChecks(suite: Suite, site: Site, program: string): Promise<void> {
  await suite.check("cloudflare-go leads stores and secrets through their life", async () => {
    const { usage: before } = (await site.coffer.ask("GET", "/v1/organizations/default/quota")).secrets;
    const env = cleanEnvironment({
      CLOUDFLARE_BASE_URL: site.baseUrl,
      CLOUDFLARE_ACCOUNT_ID: site.account,
      CLOUDFLARE_API_TOKEN: site.token,
    });
    const { code, stdout, stderr } = await run(program, [], { env });
    equal(code, 0, stderr);
    const { created, ...seen } = JSON.parse(stdout);
    match(created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    const failure = (status: number, errorCode: number, message: string) => ({
      status,
      code: errorCode,
      message,
      requests: 1,
    });
    deepEqual(seen, {
      store: "go-store",
      scopes: ["access", "workers"],
      listed: ["C", "B", "A"],
      comment: "ours",
      cleared: "",
      duplicate: "D",
      usage: before + 4,
      // It would ask ten times more.
      conflict: failure(409, 1003, "secret_name_already_exists: B"),
      noBody: failure(400, 1001, "invalid_json_body"),
      missing: failure(404, 1001, "secret_not_found"),
      storeGone: failure(404, 1001, "store_not_found"),
      wrongToken: failure(401, 10000, "Authentication error"),
    });
  });
}
