// `coffer doctor`: what is wrong, or will be, and what to type. On the host it looks at configuration,
// files and database; with --online at a server that runs.
import type { Command } from "commander";
import type { Finding, Severity } from "../../server/doctor/finding.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { outputOf, printable } from "../output.ts";
import { type ConnectionOptions, connectionOptions, openSession, optionsOf } from "../session.ts";
import type { Shell } from "../shell.ts";
import { configured, type HostOptions, hostOptions } from "./host.ts";

interface DoctorOptions extends HostOptions, ConnectionOptions {
  readonly online?: boolean;
}

export function doctorCommand(program: Command, shell: Shell, end: (exitCode: number) => void): void {
  const doctor = hostOptions(program.command("doctor"))
    .description("look for what is wrong with the installation, and say what to type")
    .option("--online", "ask a server that runs, instead of looking at this host");
  connectionOptions(doctor)
    .addHelpText(
      "after",
      `
On the host it reads the configuration, the data folder, the root key and the database; it writes
nothing, asks for no passphrase and no provider, and the server may be running. Run it as the
server's own user. With --online it asks the server that you are logged in to: an operator's token
sees most.

Exit codes: 0 nothing but notes, 3 warnings, 1 errors.

Examples:
  coffer doctor --data /var/lib/coffer
  coffer doctor --config /etc/coffer/coffer.yaml --json
  coffer doctor --online`,
    )
    .action(async (_, command: Command) => {
      const options = optionsOf<DoctorOptions>(command);
      const { place, findings } = options.online
        ? { place: null, findings: await examineServer(shell, options) }
        : await examineHere(shell, options);
      const output = outputOf(shell, options.json ?? false);
      await output.data(place === null ? { findings } : { place, findings }, () =>
        findings.map(paragraph).join("\n"),
      );
      if (place !== null) await output.say(`Looked at ${place}.`);
      await output.say(verdict(findings));
      end(exitCodeOf(findings));
    });
}

/** The place is told: a database of the environment is easily taken for the one that was meant. */
async function examineHere(
  shell: Shell,
  options: DoctorOptions,
): Promise<{ readonly place: string; readonly findings: readonly Finding[] }> {
  const [{ loadPlace }, { placeShown }, { examineHost }] = await Promise.all([
    import("../../server/config.ts"),
    import("../../server/config-shown.ts"),
    import("../../server/doctor/host.ts"),
  ]);
  const config = await configured(() => loadPlace(options, shell.env));
  return { place: placeShown(config), findings: await examineHost(config, Date.now()) };
}

async function examineServer(shell: Shell, options: DoctorOptions): Promise<readonly Finding[]> {
  const [{ remoteFindings }, { askServer }] = await Promise.all([
    import("../../server/doctor/remote.ts"),
    import("../doctor-online.ts"),
  ]);
  const { url, token } = await openSession(shell, options);
  return remoteFindings(await askServer(url, token));
}

function countOf(findings: readonly Finding[], severity: Severity): number {
  return findings.filter((finding) => finding.severity === severity).length;
}

function exitCodeOf(findings: readonly Finding[]): ExitCode {
  if (countOf(findings, "error") > 0) return exitCodes.failure;
  return countOf(findings, "warning") > 0 ? exitCodes.unproven : exitCodes.ok;
}

function paragraph({ severity, check, found, means, cure }: Finding): string {
  const lines = [
    `${severity.toUpperCase()} ${check}`,
    `  ${found}`,
    `  ${means}`,
    ...cure.map((line) => `    ${line}`),
  ];
  return lines.map((line) => `${printable(line)}\n`).join("");
}

function verdict(findings: readonly Finding[]): string {
  if (findings.length === 0) return "Nothing to say: all is well, as far as can be seen from here.";
  const counts = (["error", "warning", "note"] as const).map((severity) => {
    const count = countOf(findings, severity);
    return `${count} ${severity}${count === 1 ? "" : "s"}`;
  });
  return `${counts.join(", ")}.`;
}
