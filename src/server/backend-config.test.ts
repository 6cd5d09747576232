import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ConfigError, loadConfig } from "./config.ts";
import { printableConfig } from "./config-shown.ts";

const bao = {
  kind: "vault-kv2",
  address: "http://127.0.0.1:8300",
  mount: "secret",
  token: { file: "./bao-token" },
};

function loaded(env: Record<string, string>) {
  return loadConfig({}, env).config;
}

function refused(env: Record<string, string>): string {
  try {
    loaded(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return "not refused";
}

const given = (more: Record<string, string> = {}, entry: object = bao) => ({
  COFFER_BACKENDS: JSON.stringify({ bao: entry }),
  ...more,
});

describe("backends of values", () => {
  test("none, unless they are named; new stores keep their values in the database", () => {
    const { backends } = loaded({});
    expect([backends.entries.size, backends.defaultName]).toEqual([0, "embedded"]);
    expect(backends.rules).toEqual({
      periodMs: 30_000,
      leaseMs: 60_000,
      sweepPeriodMs: 86_400_000,
      orphanAgeMs: 86_400_000,
      sweepMaxShare: 0.05,
    });
  });

  test("are entries of the file, and the same as JSON in a variable", () => {
    const config = join(mkdtempSync(join(tmpdir(), "coffer-config-")), "coffer.yaml");
    const { kind, address, mount } = bao;
    const entry = `{ kind: ${kind}, address: "${address}", mount: ${mount}, token: { file: ./bao-token } }`;
    writeFileSync(
      config,
      `backends:\n  bao: ${entry}\ndefaultBackend: bao\nreconciler: { periodSeconds: 0.5 }\n`,
    );
    const fromFile = loadConfig({ config }, {}).config.backends;
    expect(fromFile.entries).toEqual(loaded(given()).backends.entries);
    expect([fromFile.defaultName, fromFile.rules.periodMs]).toEqual(["bao", 500]);
  });

  test.each([
    [{ COFFER_DEFAULT_BACKEND: "bao" }, "defaultBackend must be embedded."],
    [given({ COFFER_DEFAULT_BACKEND: "vault" }), "defaultBackend must be embedded or bao."],
    [given({}, { ...bao, mounts: "x" }), /mounts.*nearest is "mount"/],
    [given({ COFFER_RECONCILER_LEASE_SECONDS: "15" }), /leaseSeconds must be longer than one operation/],
    [given({ COFFER_RECONCILER_ORPHAN_AGE_SECONDS: "60" }), /orphanAgeSeconds must be longer than/],
    [{ COFFER_RECONCILER_PERIOD_SECONDS: "0.01" }, /from 0.05 to 2000000 seconds/],
    [{ COFFER_RECONCILER_SWEEP_MAX_SHARE: "2" }, /from 0 to 1/],
    [{ COFFER_RECONCILER_PERIOD_SECONDS: "soon" }, /must be a number/],
    [{ COFFER_BACKENDS: "bao" }, /COFFER_BACKENDS must be names with keys and values/],
    [{ COFFER_BACKENDS: JSON.stringify({ embedded: bao }) }, /not embedded/],
  ])("what contradicts itself is refused: %o", (env, told) => {
    expect(refused(env as Record<string, string>)).toMatch(told);
  });

  test("what is printed names the files of tokens", () => {
    const shown = printableConfig(loaded(given({ COFFER_DEFAULT_BACKEND: "bao" })));
    expect(shown).toMatchObject({ defaultBackend: "bao", reconciler: { periodSeconds: 30 } });
    expect(JSON.stringify(shown.backends)).toContain("bao-token");
  });
});
