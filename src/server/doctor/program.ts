// The program itself, and the database that it finds.
import type { Finding } from "./finding.ts";
import { quoted } from "./words.ts";

/** The release that all tests run on. */
const testedMajor = 26;
const oldestMajor = 24;

export function nodeFindings(version: string): readonly Finding[] {
  const major = Number.parseInt(version, 10);
  if (major === testedMajor) return [];
  const tooOld = major < oldestMajor;
  return [
    {
      check: "node-version",
      severity: tooOld ? "error" : "note",
      found: `This is Node.js ${version}.`,
      means: tooOld
        ? `Coffer needs Node.js ${oldestMajor} or newer.`
        : `It is not the release that Coffer is tested on, Node.js ${testedMajor}.`,
      cure: [`npm install --save-exact node@${testedMajor}`],
    },
  ];
}

export interface DatabaseFacts {
  /** Where it lies, as it may be shown. */
  readonly place: string;
  readonly state: "absent" | "unreadable" | "older" | "newer" | "current";
  /** Of PostgreSQL; null: the embedded one, or it could not be asked. */
  readonly server: {
    readonly fsync: boolean;
    readonly standby: "none" | "absent" | "present" | "unseen";
  } | null;
}

export function databaseFindings({ place, state, server }: DatabaseFacts): readonly Finding[] {
  return [...schemaFindings(place, state), ...(server === null ? [] : serverFindings(server))];
}

function schemaFindings(place: string, state: DatabaseFacts["state"]): readonly Finding[] {
  switch (state) {
    case "current":
      return [];
    case "absent":
      return [
        {
          check: "no-database",
          severity: "warning",
          found: `There is no database in ${place}.`,
          means: "It may be the wrong place: a start there makes a new, empty installation.",
          cure: ["coffer config check", `coffer serve --data ${quoted(place)}`],
        },
      ];
    case "unreadable":
      return [
        {
          check: "unreadable",
          severity: "error",
          found: `The database ${place} cannot be read.`,
          means: "The server would not start, or answers 503.",
          cure: ["coffer config check", "coffer audit verify"],
        },
      ];
    case "older":
      return [
        {
          check: "schema",
          severity: "note",
          found: `The database ${place} is of an older release.`,
          means: "The next start of this release changes it, and an older release does not take it any more.",
          cure: ["coffer backup before-upgrade.coffer", "coffer serve"],
        },
      ];
    case "newer":
      return [
        {
          check: "schema",
          severity: "error",
          found: `The database ${place} is of a newer release.`,
          means: "This release refuses to start on it.",
          cure: ["coffer --version", "Install the release that last ran on it."],
        },
      ];
  }
}

function serverFindings({ fsync, standby }: NonNullable<DatabaseFacts["server"]>): readonly Finding[] {
  const findings: Finding[] = [];
  if (!fsync) {
    findings.push({
      check: "fsync-off",
      severity: "error",
      found: "The PostgreSQL server runs with fsync = off.",
      means:
        "A loss of power loses acknowledged writes or the whole database; Coffer refuses to start on it.",
      cure: [`psql -c "ALTER SYSTEM SET fsync = on"`, `psql -c "SELECT pg_reload_conf()"`],
    });
  }
  if (standby !== "present") {
    findings.push({
      check: "no-synchronous-standby",
      severity: standby === "absent" ? "error" : standby === "none" ? "warning" : "note",
      found: {
        none: "No synchronous standby protects acknowledged writes.",
        absent: "A synchronous standby is wanted, and none is connected.",
        unseen: "Whether a synchronous standby is connected cannot be seen by this role.",
      }[standby],
      means: {
        none: "If the PostgreSQL server's disk is lost, writes that were acknowledged last are lost with it.",
        absent: "Writes wait until one is back, and are answered 503 meanwhile.",
        unseen: "A failover may lose acknowledged writes without anybody being warned.",
      }[standby],
      cure: {
        none: [
          `psql -c "ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (*)'"`,
          "docs/guide/postgresql.md",
        ],
        absent: [`psql -c "SELECT application_name, sync_state FROM pg_stat_replication"`],
        unseen: [`psql -c "GRANT pg_read_all_stats TO coffer"`],
      }[standby],
    });
  }
  return findings;
}
