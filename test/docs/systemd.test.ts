// The guide as root on a machine of one's own walks it: systemd starts the server in the unit's sandbox, a
// program gets its secrets, the night's backup is made, verified and restored. What pages.test.ts leaves out
// because it wants a service manager is typed here as the pages have it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bootMachine, type Machine } from "../support/machine.ts";
import { have } from "../support/requirements.ts";
import { fits, parsePage, type Step } from "./page.ts";
import { repository } from "./pages.ts";

const timeout = 180_000;
const inTenWeeks = new Date(Date.now() + 70 * 24 * 60 * 60 * 1_000).toISOString().slice(0, 10);
const ready =
  "until curl -so /dev/null --cacert /var/lib/coffer/tls/ca.pem https://localhost:8200/readyz; do sleep 0.1; done";

/** What a page says between two headings, in the order in which it is read. */
function part(page: string, from: string, to: string): string {
  const text = readFileSync(join(repository, "docs/guide", page), "utf8");
  const [begin, end] = [text.indexOf(from), text.indexOf(to)];
  if (begin < 0 || end < begin) throw new Error(`${page} has no longer "${from}" before "${to}"`);
  return text.slice(begin, end).replaceAll("2027-01-31", inTenWeeks);
}

/** What a reader of the part types; the hidden commands are for who has no systemd. */
function typed(text: string): readonly Step[] {
  const { steps, unrun, fences } = parsePage(text);
  const shown = ({ line }: { readonly line: number }) =>
    fences.some((fence) => fence.line <= line && line < fence.line + fence.text.split("\n").length + 1);
  const skipped = unrun.map(({ line, text: command }) => ({ line, text: command, shown: null }));
  return [...steps, ...skipped].filter(shown).sort((one, other) => one.line - other.line);
}

describe.skipIf(!have("machine"))("under systemd, as the guide has it", { timeout }, () => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await bootMachine(repository);
  }, timeout);
  afterAll(() => machine?.stop());

  /** Each step in the same shell; what is shown is what is said. */
  const walk = (steps: readonly Step[]): void => {
    expect(steps.length).toBeGreaterThan(0);
    const mark = "---- the next step";
    // Whoever types waits a moment for a server that he started; and a refusal ends nothing where it is shown.
    const lines = steps.flatMap(({ text, shown }) => [
      `echo '${mark}'`,
      shown === null ? "set -e" : "set +e",
      text,
      ...(/systemctl .*(?:now|start) coffer$/m.test(text) ? [ready] : []),
    ]);
    const said = machine.run(lines.join("\n"));
    const [, ...all] = said.split(`${mark}\n`);
    for (const [index, { text, shown }] of steps.entries()) {
      const came = all[index] ?? "";
      if (shown !== null && shown !== "") expect([text, fits(shown, came) || came]).toEqual([text, true]);
    }
  };

  test("a server is set up, started and logged into", () => {
    const [setUp, ...rest] = typed(part("production.md", "## A user", "## Behind a reverse proxy"));
    // Installed it is: npm and the package manager would want the network.
    const own = (setUp?.text ?? "").split("\n").filter((line) => !/^(apt-get|npm) /.test(line));
    expect(own.length).toBe(5);
    machine.run(`set -e\ncd /opt/checkout\n${own.join("\n")}`);
    walk(rest);
    expect(machine.run("systemctl show --property=NRestarts --value coffer")).toBe("0\n");
  });

  test("one that was killed is there again, and one that is stopped ends by itself", () => {
    machine.run(`systemctl kill --signal=KILL coffer\nsleep 1\n${ready}`);
    expect(machine.run("systemctl show --property=NRestarts --value coffer")).toBe("1\n");
    expect(machine.run("systemctl stop coffer; systemctl show --property=Result --value coffer")).toBe(
      "success\n",
    );
    machine.run(`systemctl start coffer\n${ready}\ncoffer whoami`);
  });

  test("a program gets its store's secrets, and no token", () => {
    const page = part("people-and-machines.md", "## A token for a program", "The same line without systemd");
    const unit = parsePage(page).fences.find(({ language }) => language === "ini")?.text ?? "";
    machine.run(`set -e
      useradd --system web && install -d /opt/web/bin
      coffer store create "Web, production" --slug web-prod
      printf %s 'correct horse' | coffer secret set DATABASE_PASSWORD --store web-prod
      install -m 644 /var/lib/coffer/tls/ca.pem /etc/coffer/ca.pem
      cat > /opt/web/bin/web <<'END'
#!/bin/sh
env > /var/tmp/web.env
exec sleep 1000
END
      chmod 755 /opt/web/bin/web
      cat > /etc/systemd/system/web.service <<'END'
${unit.replaceAll(/^# (?=Environment|LoadCredential)/gm, "")}
END`);
    walk(typed(page));
    const seen = machine.run("until test -s /var/tmp/web.env; do sleep 0.1; done; cat /var/tmp/web.env");
    expect(seen).toMatch(/^DATABASE_PASSWORD=correct horse$/m);
    expect(seen).not.toMatch(/^COFFER_/m);
  });

  test("the night's backup is made and verified, and a server starts from it", () => {
    const nightly = part("backup.md", "## Every night", "## Restore");
    const units = parsePage(nightly).fences.find(({ language }) => language === "")?.text ?? "";
    const files = units.split(/^# (?=\/etc\/)/m).filter((text) => text !== "");
    expect(files.length).toBe(2);
    for (const text of files) {
      const [path, ...lines] = text.split("\n");
      machine.run(`cat > ${path} <<'END'\n${lines.join("\n")}\nEND`);
    }
    walk(typed(nightly));
    expect(machine.run("journalctl --unit coffer-backup --output=cat")).toContain("verdict:      whole");
    machine.run("printf %s later | coffer secret set DATABASE_PASSWORD --store web-prod");

    const restoring = typed(part("backup.md", "Where systemd runs it", "With the wrong root key"));
    const file = machine.run("ls /srv/backups/*.backup").trim();
    walk(restoring.map((step) => ({ ...step, text: step.text.replace(/\S+\.backup/, file) })));
    const value = machine.run("coffer secret get DATABASE_PASSWORD --store web-prod");
    expect(value.trim()).toBe("correct horse");
  });
});
