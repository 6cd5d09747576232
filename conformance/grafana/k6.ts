// k6, built from its module: its source of secrets that asks a URL reads what a service may.
import { equal, match, ok } from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { hash, randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { installed } from "../support/cache.ts";
import { cleanEnvironment, install, run, temporaryFolder } from "../support/processes.ts";
import type { Suite } from "../support/suite.ts";
import { addNamespace, type Site } from "./site.ts";

const pins = join(import.meta.dirname, "k6");

/** Null without Go. */
export async function buildK6(): Promise<string | null> {
  if (spawnSync("go", ["version"], { stdio: "ignore" }).error !== undefined) return null;
  const folder = await installed("grafana", "k6", pins, (into) => {
    console.log("building k6");
    const flags = ["-mod=readonly", "-trimpath", "-buildvcs=false"];
    return install("go", ["build", ...flags, "-o", join(into, "k6"), "."], pins);
  });
  return join(folder, "k6");
}

/** Each name with the hash of its value, or with what its refusal says. */
const script = `
import { check } from "k6";
import { sha256 } from "k6/crypto";
import secrets from "k6/secrets";
export const options = { iterations: 1, thresholds: { checks: ["rate==1"] } };
const wanted = JSON.parse(__ENV.WANTED);
export default async () => {
  for (const [name, { digest, refusal }] of Object.entries(wanted)) {
    let told = "";
    try {
      const value = await secrets.get(name);
      console.log(name + " is " + value);
      told = sha256(value, "hex");
    } catch (error) {
      told = String(error);
    }
    check(told, { [name]: (it) => (digest ? it === digest : it.includes(refusal)) }) || console.error(name, told);
  }
};
`;

export async function k6Checks(suite: Suite, site: Site, k6: string): Promise<void> {
  const { coffer, authority } = site;
  const here = await addNamespace(site);
  const name = `k6-${randomUUID()}`;
  const services = "/v1/organizations/default/services";
  const service = await coffer.ask("POST", services, { name, stores: [here.name] });
  const principal = { kind: "service", id: service.id };
  const body = { principal, name: "k6" };
  const { token } = await coffer.ask("POST", "/v1/organizations/default/tokens", body);
  const make = (secret: string, value: string, decrypters: readonly string[]) => {
    const spec = { description: "For k6", value, decrypters };
    return coffer.ask("POST", here.path, { metadata: { name: secret }, spec });
  };
  const small = `hush-${randomUUID()}`;
  const large = "ä".repeat(12_288);
  await make("small", small, [name]);
  await make("large", large, [name]);
  await make("unlisted", small, ["another"]);
  const file = join(temporaryFolder(), "script.js");
  writeFileSync(file, script);

  const ask = (query: string, path: string, wanted: object) => {
    const env = cleanEnvironment({
      SSL_CERT_FILE: authority,
      K6_SECRET_SOURCE_URL_URL_TEMPLATE: `${coffer.url}/gsm/api/v1/secrets/{key}/decrypt${query}`,
      K6_SECRET_SOURCE_URL_HEADER_AUTHORIZATION: `Bearer ${token}`,
      K6_SECRET_SOURCE_URL_MAX_RETRIES: "0",
      ...(path === "" ? {} : { K6_SECRET_SOURCE_URL_RESPONSE_PATH: path }),
      WANTED: JSON.stringify(wanted),
    });
    const args = [
      "run",
      "--quiet",
      "--no-usage-report",
      "--include-system-env-vars",
      "--secret-source=url",
      file,
    ];
    return run(k6, args, { env });
  };
  const digest = (value: string) => ({ digest: hash("sha256", value) });

  await suite.check("k6 reads a value out of the answer, and keeps it out of its log", async () => {
    const { code, stdout, stderr } = await ask("", "plaintext", { small: digest(small) });
    equal(code, 0, stdout + stderr);
    match(stdout + stderr, /small is \*\*\*/);
    ok(!(stdout + stderr).includes(small));
  });
  await suite.check("k6 reads a value of the largest size as bare text", async () => {
    const { code, stdout, stderr } = await ask("?format=raw", "", {
      small: digest(small),
      large: digest(large),
    });
    equal(code, 0, (stdout + stderr).slice(0, 2_000));
  });
  await suite.check(
    "k6 is refused what does not list its service, and told of what is not there",
    async () => {
      const wanted = { unlisted: { refusal: "403" }, nothing: { refusal: "404" } };
      const { code, stdout, stderr } = await ask("", "plaintext", wanted);
      equal(code, 0, stdout + stderr);
      const { items } = await coffer.ask(
        "GET",
        "/v1/organizations/default/audit?action=secret.reveal&outcome=refused",
      );
      equal(items[0].target.name, "unlisted");
      equal(items[0].caller.name, name);
    },
  );
}
