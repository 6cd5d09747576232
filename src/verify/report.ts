// The report as text and as an exit code. What came out of the trail is shown with its control
// characters spelt out: who edits a table must not be able to write over the verdict on a terminal.
import { entriesFrom } from "./findings.ts";
import type { Report } from "./verify.ts";

/** 0 intact, 1 broken, 3 intact but unproven. */
export function exitCode(report: Report): 0 | 1 | 3 {
  if (report.verdict === "broken") return 1;
  return report.verdict === "unproven" ? 3 : 0;
}

export function formatReport(report: Report): string {
  const lines = [verdict(report)];
  for (const { kind, stream, message } of report.findings) {
    lines.push(`  ${kind}: ${stream === null ? "" : `stream ${stream}: `}${message}`);
  }
  if (report.omitted > 0) lines.push(`  and ${report.omitted} more findings`);
  const nearest = report.anchors === null ? "signed head" : "anchor";
  for (const { stream, fromSeq, toSeq } of report.unproven) {
    lines.push(`  unproven: stream ${stream}: ${entriesFrom(fromSeq, toSeq)}, after its newest ${nearest}`);
  }
  for (const { stream, fromSeq, toSeq } of report.foundLater) {
    lines.push(
      `  note: stream ${stream}: ${entriesFrom(fromSeq, toSeq)} were signed for only when the next process started`,
    );
  }
  for (const { stream, fromSeq, toSeq, at, file } of report.removed) {
    const day = Number.isNaN(new Date(at).getTime()) ? "" : ` on ${new Date(at).toISOString().slice(0, 10)}`;
    lines.push(`  removed: stream ${stream}: ${entriesFrom(fromSeq, toSeq)},${day} after export to ${file}`);
  }
  for (const { at, takenAt, backup } of report.restored) {
    const how =
      backup === null
        ? "after a primary took over that lacked commits; the trail lacks them"
        : `from the backup ${backup}, taken ${moment(takenAt)}; the trail lacks what was between`;
    lines.push(`  restored: ${moment(at)} ${how}`);
  }
  lines.push(keyLine(report));
  if (report.archive !== null) {
    const { stream, fromSeq, toSeq } = report.archive;
    lines.push(`A file of the archive, with ${entriesFrom(fromSeq, toSeq)} of stream ${stream}.`);
  } else if (!report.tablesCompared)
    lines.push("An export carries no tables: secrets were not compared with the trail.");
  return `${lines.map(printable).join("\n")}\n`;
}

function moment(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? "at no time" : date.toISOString();
}

function verdict({ verdict, streams, entries, findings, omitted }: Report): string {
  const size = `${counted(entries, "entry", "entries")} in ${counted(streams, "stream", "streams")}`;
  if (verdict === "intact") return `intact: ${size}`;
  if (verdict === "unproven") return `unproven: ${size}; nothing is broken, but not all of it is vouched for`;
  return `broken: ${counted(findings.length + omitted, "finding", "findings")} in ${size}`;
}

function keyLine({ key }: Report): string {
  if (key.fingerprint === null) return "key: none is stored, so no head could be checked";
  if (key.pinned) return `key: ${key.fingerprint} (pinned)`;
  return `key: ${key.fingerprint} (not pinned: it was taken from the trail itself; compare it, or give --key)`;
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}
