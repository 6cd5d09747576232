// What some tests want from the machine beside npm, and whether it is here. A test that wants one of
// these asks `have`, and the runner names at its end what was missing and so did not run.
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { findPkcs11js } from "../../conformance/root-keys/find-pkcs11.ts";
import { machineMissing } from "./machine.ts";

export type RequirementName =
  | "postgresql"
  | "strace"
  | "openssl"
  | "curl"
  | "python"
  | "go"
  | "kubectl"
  | "softhsm"
  | "jq"
  | "systemd"
  | "machine"
  | "vectors"
  | "mount";

export interface Requirement {
  readonly name: RequirementName;
  /** What does not run without it. */
  readonly proves: string;
  /** Why it cannot be used on this machine; null when it can. */
  readonly missing: () => string | null;
  /** Never fails a run, even one that demands everything: no installation can bring it. */
  readonly optional?: true;
}

const vectorsFolder = join(import.meta.dirname, "..", "..", "..", "shared", "vectors");
const debianPostgresql = "/usr/lib/postgresql";

export const requirements: readonly Requirement[] = [
  {
    name: "postgresql",
    proves: "storage, contract and crash tests on PostgreSQL",
    missing: () => (findPostgresql() === null ? "initdb and postgres are not installed" : null),
  },
  {
    name: "strace",
    proves: "that a write is on disk before its answer",
    missing: () => (program("strace") === null ? "strace is not installed" : tracingRefused()),
  },
  {
    name: "openssl",
    proves: "agreement with OpenSSL",
    missing: () => (program("openssl") === null ? "openssl is not installed" : null),
  },
  {
    name: "curl",
    proves: "that curl trusts what the server's documents say",
    missing: () => (program("curl") === null ? "curl is not installed" : null),
  },
  {
    name: "python",
    proves: "that Python trusts the server's certificate authority",
    missing: () => (program("python3") === null ? "python3 is not installed" : null),
  },
  {
    name: "go",
    proves: "that Go trusts the server's certificate authority, and keeps it to its names",
    missing: () => (findGo() === null ? "go is not installed" : null),
  },
  {
    name: "kubectl",
    proves: "that kubectl takes what coffer kubeconfig prints",
    missing: () => (program("kubectl") === null ? "kubectl is not installed" : null),
  },
  {
    name: "jq",
    proves: "that the commands of docs/ that end in jq work",
    missing: () => (program("jq") === null ? "jq is not installed" : null),
  },
  {
    name: "softhsm",
    proves: "root keys that a PKCS #11 token keeps",
    missing: softHsmMissing,
  },
  {
    name: "systemd",
    proves: "that systemd takes the unit in deploy/",
    missing: () => (program("systemd-analyze") === null ? "systemd-analyze is not installed" : null),
  },
  {
    name: "machine",
    proves: "what the guide has root type, on a machine that systemd boots",
    missing: machineMissing,
    optional: true,
  },
  {
    name: "vectors",
    proves: "the shared test vectors",
    missing: () => (existsSync(vectorsFolder) ? null : "../shared/vectors is not there"),
    optional: true,
  },
  {
    name: "mount",
    proves: "recovery from a file system that is full",
    missing: mountRefused,
    optional: true,
  },
];

const known = new Map<RequirementName, string | null>();

/** True when tests that want this can run here. Asked once per process. */
export function have(name: RequirementName): boolean {
  return whyMissing(name) === null;
}

/** One sentence on why it cannot be used here; null when it can. */
export function whyMissing(name: RequirementName): string | null {
  const remembered = known.get(name);
  if (remembered !== undefined) return remembered;
  const requirement = requirements.find((it) => it.name === name);
  const reason = requirement === undefined ? "no such requirement" : requirement.missing();
  known.set(name, reason);
  return reason;
}

/** The folder of PostgreSQL's server programs: from PATH, else the newest that Debian installed. */
export function findPostgresql(): string | null {
  const versions = existsSync(debianPostgresql) ? readdirSync(debianPostgresql) : [];
  const newestFirst = versions.sort((a, b) => Number(b) - Number(a));
  const folders = [...searchPath(), ...newestFirst.map((version) => join(debianPostgresql, version, "bin"))];
  return (
    folders.find((folder) => executable(join(folder, "initdb")) && executable(join(folder, "postgres"))) ??
    null
  );
}

/** The Go command: from PATH, else where Go's own archive puts it. */
export function findGo(): string | null {
  const own = "/usr/local/go/bin/go";
  return program("go") ?? (executable(own) ? own : null);
}

/** SoftHSM's module, where Debian puts it on every machine or on some. */
export function findSoftHsm(): string | null {
  return ["/usr/lib/softhsm/libsofthsm2.so", ...libraries("softhsm/libsofthsm2.so")].find(existsSync) ?? null;
}

/** OpenSC's module that writes down what another one is asked. */
export function findPkcs11Spy(): string | null {
  return libraries("pkcs11-spy.so").find(existsSync) ?? null;
}

function libraries(name: string): readonly string[] {
  const machines = existsSync("/usr/lib")
    ? readdirSync("/usr/lib").filter((it) => it.endsWith("-linux-gnu"))
    : [];
  return machines.map((machine) => join("/usr/lib", machine, name));
}

function softHsmMissing(): string | null {
  if (program("softhsm2-util") === null || findSoftHsm() === null) return "softhsm2 is not installed";
  if (program("pkcs11-tool") === null || findPkcs11Spy() === null) return "opensc is not installed";
  return findPkcs11js() === null ? "pkcs11js is not compiled: node conformance/root-keys/pkcs11.ts" : null;
}

/** The folder of the shared vectors, which lie beside the repository; ask `have("vectors")` first. */
export function vectors(...path: string[]): string {
  return join(vectorsFolder, ...path);
}

function program(name: string): string | null {
  return (
    searchPath()
      .map((folder) => join(folder, name))
      .find(executable) ?? null
  );
}

/** A container may have the program and forbid its work. */
function tracingRefused(): string | null {
  const tried = spawnSync("strace", ["-o", "/dev/null", "true"], { stdio: "ignore", timeout: 10_000 });
  return tried.status === 0 ? null : "strace is installed but may not trace here";
}

/** Only root outside a confined container may mount. */
function mountRefused(): string | null {
  const folder = mkdtempSync(join(tmpdir(), "coffer-mount-"));
  const tried = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "none", folder], { stdio: "ignore" });
  if (tried.status === 0) spawnSync("umount", [folder], { stdio: "ignore" });
  rmSync(folder, { recursive: true, force: true });
  return tried.status === 0 ? null : "this user may not mount";
}

function searchPath(): string[] {
  return (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
