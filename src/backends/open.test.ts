import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { awsClient, loaded } from "./open.ts";

const missing = (name: string): Error =>
  Object.assign(new Error(`Cannot find package '${name}' imported from /app/x.js`), {
    code: "ERR_MODULE_NOT_FOUND",
  });

describe("a client that is loaded when it is wanted", () => {
  test("is named with its range where it is not installed", async () => {
    const load = () => Promise.reject(missing(awsClient.package));
    await expect(loaded('The backend "a"', awsClient, load)).rejects.toThrow(
      'The backend "a" needs a package that is not installed: ' +
        'npm install "@aws-sdk/client-secrets-manager@^3.1100.0"',
    );
  });

  test("fails as it fails where something else is missing", async () => {
    const other = missing("@smithy/core");
    await expect(loaded("x", awsClient, () => Promise.reject(other))).rejects.toBe(other);
  });

  test("is an optional peer of that range, which the tests' own version is in", () => {
    const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    expect(manifest.peerDependencies[awsClient.package]).toBe(awsClient.range);
    expect(manifest.peerDependenciesMeta[awsClient.package]).toEqual({ optional: true });
    expect(manifest.dependencies[awsClient.package]).toBeUndefined();
    const [, minor] = manifest.devDependencies[awsClient.package].split(".");
    expect(Number(minor)).toBeGreaterThanOrEqual(1100);
  });
});
