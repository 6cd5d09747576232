// Each check by the facts that it looks at: what is well says nothing, and each thing that is not says what
// to type.
import { describe, expect, test } from "vitest";
import { parseNetwork } from "../../core/addresses.ts";
import { limits } from "../../core/limits.ts";
import { backendFindings } from "./backends.ts";
import { type FileFacts, fileFindings } from "./files.ts";
import { checkNames, type Finding, sorted } from "./finding.ts";
import { keyFindings } from "./keys.ts";
import { type NetworkFacts, networkFindings } from "./network.ts";
import { databaseFindings, nodeFindings } from "./program.ts";
import { type RemoteFacts, remoteFindings } from "./remote.ts";
import { type RootKeyFacts, rootKeyFindings } from "./root-keys.ts";
import { readScrape } from "./scrape.ts";
import { type TrailFacts, trailFindings } from "./trail.ts";
import { quoted, size, span } from "./words.ts";

const now = Date.UTC(2026, 10, 21);
const minute = 60_000;
const day = 24 * 60 * minute;
const gib = 2 ** 30;

const files: FileFacts = {
  data: "/srv/coffer",
  rootKey: null,
  bootstrap: null,
  open: [],
  space: { freeBytes: 10 * gib, reserveBytes: gib / 4 },
};
const roots: RootKeyFacts = { places: ["/etc/coffer/root.key"], lacking: [], unusable: [], othersData: null };
const network: NetworkFacts = {
  now,
  listen: "127.0.0.1:8200",
  openHttp: false,
  trustedProxies: [],
  certificate: null,
};
const trail: TrailFacts = {
  now,
  newestHeadAt: now - minute / 2,
  unsignedEntries: 0,
  overdue: false,
  keptMs: 400 * day,
  archive: null,
  headFile: "/mnt/heads.log",
  aheadMs: null,
};
const keys = { sealsMost: 65_536, retiredHeld: 0, rotationsUnfinished: 0 };
const ready = { status: "ready", failing: [], expects: null, warnings: [] } as const;
const remote: RemoteFacts = {
  now,
  url: "https://coffer.example.org",
  ready,
  metrics: readScrape(""),
  openHttp: false,
  certificate: null,
};
const backend = { name: "vault", owed: 0, oldestOwedAt: null, guarded: false, drift: null };
const place = "/srv/coffer";
const proxies = (...texts: string[]) => texts.flatMap((text) => parseNetwork(text) ?? []);

type Told = readonly [string, readonly Finding[], ...(readonly [string, string])[]];
const told: readonly Told[] = [
  ["files that are well", fileFindings(files)],
  ["root keys that are there", rootKeyFindings(roots)],
  [
    "a root key that is missing",
    rootKeyFindings({ ...roots, lacking: ["rk_4f1c0d9e8b7a6352"] }),
    ["root-key", "error"],
  ],
  [
    "a place of root keys that cannot be used",
    rootKeyFindings({ ...roots, unusable: ["The root key cannot be used: line 2 is damaged."] }),
    ["root-key", "error"],
  ],
  [
    "root before the data of another user",
    rootKeyFindings({ ...roots, othersData: "/srv/coffer" }),
    ["root-key", "note"],
  ],
  [
    "a root key beside the data",
    fileFindings({ ...files, rootKey: "/srv/coffer/root.key" }),
    ["root-key-beside-data", "warning"],
  ],
  [
    "bootstrap.json",
    fileFindings({ ...files, bootstrap: "/srv/coffer/bootstrap.json" }),
    ["bootstrap-left", "warning"],
  ],
  [
    "files that others read",
    fileFindings({ ...files, open: [{ path: "/srv/coffer/root.key", mode: 0o644 }] }),
    ["permissions", "error"],
  ],
  [
    "space near its end",
    fileFindings({ ...files, space: { freeBytes: gib / 3, reserveBytes: gib / 4 } }),
    ["space-low", "warning"],
  ],
  [
    "space below the reserve",
    fileFindings({ ...files, space: { freeBytes: 1, reserveBytes: gib / 4 } }),
    ["space-low", "error"],
  ],
  ["a database elsewhere", fileFindings({ ...files, space: null })],
  [
    "a network that is well",
    networkFindings({ ...network, trustedProxies: proxies("10.1.2.3", "10.2.0.0/16", "2001:db8::/64") }),
  ],
  ["open http", networkFindings({ ...network, openHttp: true }), ["http-open", "error"]],
  [
    "a whole network of proxies",
    networkFindings({ ...network, trustedProxies: proxies("10.0.0.0/8") }),
    ["proxies-wide", "warning"],
  ],
  [
    "a whole IPv6 network",
    networkFindings({ ...network, trustedProxies: proxies("2001:db8::/32") }),
    ["proxies-wide", "warning"],
  ],
  [
    "a certificate with weeks to go",
    networkFindings({ ...network, certificate: { path: "/c.pem", endsAt: now + 20 * day, renews: false } }),
  ],
  [
    "a certificate that ends soon",
    networkFindings({ ...network, certificate: { path: "/c.pem", endsAt: now + 3 * day, renews: false } }),
    ["certificate", "warning"],
  ],
  [
    "a certificate that has ended",
    networkFindings({ ...network, certificate: { path: "/c.pem", endsAt: now - day, renews: false } }),
    ["certificate", "error"],
  ],
  [
    "a certificate that renews itself",
    networkFindings({ ...network, certificate: { path: "/c.pem", endsAt: now - day, renews: true } }),
  ],
  ["keys that are well", keyFindings(keys)],
  [
    "a term near its end",
    keyFindings({ ...keys, sealsMost: 0.95 * limits.sealsPerTermMax }),
    ["seals-near-end", "warning"],
  ],
  [
    "a rotation under way",
    keyFindings({ ...keys, rotationsUnfinished: 1, retiredHeld: 1 }),
    ["rotation-unfinished", "note"],
  ],
  [
    "values that stay under a retired term",
    keyFindings({ ...keys, retiredHeld: 2 }),
    ["retired-terms-held", "warning"],
  ],
  ["a trail that is well", trailFindings(trail)],
  ["a new installation", trailFindings({ ...trail, newestHeadAt: null })],
  ["a tail that is being signed", trailFindings({ ...trail, unsignedEntries: 5 })],
  [
    "a tail that nobody signs",
    trailFindings({ ...trail, unsignedEntries: 5, newestHeadAt: now - 10 * minute }),
    ["audit-unsigned", "warning"],
  ],
  ["entries that go nowhere", trailFindings({ ...trail, overdue: true }), ["audit-not-archived", "warning"]],
  ["entries that are archived", trailFindings({ ...trail, overdue: true, archive: "/mnt/audit" })],
  ["heads in the log alone", trailFindings({ ...trail, headFile: null }), ["audit-heads-inside", "note"]],
  ["a clock ahead of the database's", trailFindings({ ...trail, aheadMs: 10 * minute }), ["clock", "error"]],
  ["a clock behind the database's", trailFindings({ ...trail, aheadMs: -10 * minute }), ["clock", "error"]],
  ["signatures from the future", trailFindings({ ...trail, newestHeadAt: now + day }), ["clock", "error"]],
  ["the Node.js of the tests", nodeFindings("26.10.0")],
  ["another one", nodeFindings("24.1.0"), ["node-version", "note"]],
  ["one that is too old", nodeFindings("20.19.0"), ["node-version", "error"]],
  ["a database of this release", databaseFindings({ place, state: "current", server: null })],
  ["no database", databaseFindings({ place, state: "absent", server: null }), ["no-database", "warning"]],
  [
    "one that cannot be read",
    databaseFindings({ place, state: "unreadable", server: null }),
    ["unreadable", "error"],
  ],
  ["one of an older release", databaseFindings({ place, state: "older", server: null }), ["schema", "note"]],
  ["one of a newer release", databaseFindings({ place, state: "newer", server: null }), ["schema", "error"]],
  ["a standby", databaseFindings({ place, state: "current", server: { fsync: true, standby: "present" } })],
  [
    "no standby",
    databaseFindings({ place, state: "current", server: { fsync: true, standby: "none" } }),
    ["no-synchronous-standby", "warning"],
  ],
  [
    "a standby that went away",
    databaseFindings({ place, state: "current", server: { fsync: true, standby: "absent" } }),
    ["no-synchronous-standby", "error"],
  ],
  [
    "one that cannot be seen",
    databaseFindings({ place, state: "current", server: { fsync: true, standby: "unseen" } }),
    ["no-synchronous-standby", "note"],
  ],
  [
    "fsync off",
    databaseFindings({ place, state: "current", server: { fsync: false, standby: "present" } }),
    ["fsync-off", "error"],
  ],
  ["backends that are well", backendFindings([backend], now)],
  [
    "a deletion owed for minutes",
    backendFindings([{ ...backend, owed: 1, oldestOwedAt: now - minute }], now),
  ],
  ["a server that is well", remoteFindings(remote)],
  [
    "a sealed one",
    remoteFindings({ ...remote, ready: { ...ready, status: "sealed", expects: "rk_1" } }),
    ["sealed", "error"],
  ],
  [
    "one without its database",
    remoteFindings({ ...remote, ready: { ...ready, status: "unavailable", failing: ["database"] } }),
    ["not-ready", "error"],
  ],
  [
    "one that warns",
    remoteFindings({ ...remote, ready: { ...ready, warnings: ["no standby"] } }),
    ["server-warning", "warning"],
  ],
  ["open http to it", remoteFindings({ ...remote, openHttp: true }), ["http-open", "error"]],
  ["a token that may not see", remoteFindings({ ...remote, metrics: null }), ["metrics-hidden", "note"]],
  [
    "what its metrics tell",
    remoteFindings({
      ...remote,
      metrics: readScrape(
        [
          "# HELP coffer_space_low x",
          "coffer_space_low 1",
          "coffer_space_free_bytes 1000",
          "coffer_audit_unsigned_seconds 61",
          "coffer_key_seals_used_ratio 0.95",
          'coffer_job_runs_total{job="sweep",outcome="failed"} 3',
          'coffer_job_runs_total{job="heads",outcome="failed"} 1',
          `coffer_job_succeeded_timestamp_seconds{job="heads"} ${now / 1000 - 1}`,
          'coffer_backend_owed{backend="vault"} 2',
          'coffer_backend_owed_oldest_seconds{backend="vault"} 7200',
          'coffer_backend_guarded{backend="vault"} 1',
          'coffer_backend_drift{backend="vault"} 1',
          'coffer_commit_failures_total{kind="share",code="storage.unavailable"} 2',
          'coffer_commit_failures_total{kind="execute",code="storage.unavailable"} 1',
          "",
        ].join("\n"),
      ),
    }),
    ["space-low", "error"],
    ["audit-unsigned", "error"],
    ["backend-drift", "error"],
    ["seals-near-end", "warning"],
    ["backends-owed", "warning"],
    ["backend-guarded", "warning"],
    ["jobs-failing", "warning"],
    ["commits-failing", "warning"],
  ],
];

describe("the doctor", () => {
  test.each(told.map(([name, findings, ...expected]) => ({ name, findings, expected })))(
    "$name",
    ({ findings, expected }) => {
      expect(findings.map(({ check, severity }) => [check, severity])).toEqual(expected);
    },
  );

  test("has a cure for each finding, in whole sentences", () => {
    const findings = told.flatMap(([, found]) => found);
    expect(new Set(findings.map(({ check }) => check))).toEqual(new Set(checkNames));
    for (const { found, means, cure, check } of findings) {
      expect(found, check).toMatch(/^\S.*\.$/);
      expect(means, check).toMatch(/^[A-Z].*\.$/);
      expect(cure.length, check).toBeGreaterThan(0);
    }
    expect(findings.find(({ check }) => check === "commits-failing")?.found).toContain(
      "storage.unavailable 3 times",
    );
    expect(findings.find(({ check }) => check === "jobs-failing")?.found).toContain('"sweep"');
  });

  test("names the worst first", () => {
    const of = (severity: Finding["severity"]): Finding => ({
      check: "clock",
      severity,
      found: "",
      means: "",
      cure: [],
    });
    expect(sorted([of("note"), of("error"), of("warning")]).map(({ severity }) => severity)).toEqual([
      "error",
      "warning",
      "note",
    ]);
  });

  test("says numbers as people do, and paths as a shell reads them", () => {
    expect([span(500), span(minute), span(3 * day + 1), span(61 * minute)]).toEqual([
      "0 seconds",
      "1 minute",
      "3 days",
      "1 hour",
    ]);
    expect([size(10), size(1536), size(200 * gib)]).toEqual(["10 bytes", "1.5 KiB", "200 GiB"]);
    expect(quoted("/srv/my coffer's")).toBe(`'/srv/my coffer'\\''s'`);
  });
});
