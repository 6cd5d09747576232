// What lies in deploy/: the unit as systemd reads it, and the container file against what it copies.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadConfig } from "../../src/server/config.ts";
import { have } from "../support/requirements.ts";
import { parsePage } from "./page.ts";
import { repository } from "./pages.ts";
import { cofferIn } from "./shell-words.ts";

const unit = readFileSync(join(repository, "deploy/coffer.service"), "utf8");
const containerfile = readFileSync(join(repository, "deploy/Containerfile"), "utf8");
const manifest = JSON.parse(readFileSync(join(repository, "package.json"), "utf8"));

describe("the unit", () => {
  test("starts the server as the command line knows it", () => {
    const [, start = ""] = /^ExecStart=(.*)$/m.exec(unit) ?? [];
    expect(start).toBe(
      "/opt/coffer/node_modules/.bin/node /opt/coffer/node_modules/.bin/coffer serve --config /etc/coffer/coffer.yaml",
    );
    expect(cofferIn(start.replace(/^\S+ /, ""))).toEqual([["serve", "--config", "/etc/coffer/coffer.yaml"]]);
  });

  test.skipIf(!have("systemd"))("is right in systemd's eyes, and leaves the server little to abuse", () => {
    inFile("coffer.service", unit, (file) => {
      const verified = spawnSync("systemd-analyze", ["verify", file], { encoding: "utf8" });
      expect([verified.status, verified.stderr]).toEqual([0, ""]);
      const judged = spawnSync("systemd-analyze", ["security", "--offline=yes", "--threshold=20", file], {
        encoding: "utf8",
      });
      expect([judged.status, judged.stdout.split("\n").at(-2)]).toEqual([0, expect.stringContaining("OK")]);
    });
  });

  test.skipIf(!have("systemd"))("of a program with secrets, as the guide has it, is right too", () => {
    const page = readFileSync(join(repository, "docs/guide/people-and-machines.md"), "utf8");
    const shown = parsePage(page).fences.filter(({ language }) => language === "ini");
    expect(shown.length).toBe(1);
    inFile("web.service", shown[0]?.text ?? "", (file) => {
      const verified = spawnSync("systemd-analyze", ["verify", file], { encoding: "utf8" });
      expect([verified.status, verified.stderr]).toEqual([0, ""]);
    });
  });
});

/** Its program is not installed where tests run. */
function inFile(name: string, text: string, look: (file: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "coffer-unit-"));
  try {
    const file = join(folder, name);
    writeFileSync(file, text.replace(/^ExecStart=\/opt.*$/m, "ExecStart=/bin/true"));
    look(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("the container file", () => {
  const lines = containerfile.replaceAll("\\\n", " ").split("\n");

  test("copies what is there, and nothing that could hold data or keys", () => {
    const sources = lines
      .filter((line) => /^COPY (?!--from)/.test(line))
      .flatMap((line) => line.split(" ").slice(1, -1));
    expect(sources.filter((source) => !existsSync(join(repository, source)))).toEqual([]);
    expect(sources).not.toContain(".");
    const packed = manifest.files.filter((file: string) => file !== "dist");
    expect(packed.filter((file: string) => !sources.includes(file))).toEqual([]);
  });

  test("runs on the Node.js that this repository pins, and as no root", () => {
    const bases = lines.filter((line) => line.startsWith("FROM "));
    for (const line of bases) expect(line).toContain(`/node:${manifest.devDependencies.node}-`);
    expect(lines).toContain("USER node");
  });

  test("configures in its environment, where doctor and backup find it too, and not in its command", () => {
    expect(lines).toContain('CMD ["serve"]');
    const [variables = ""] = lines.filter((line) => line.startsWith("ENV ")).map((line) => line.slice(4));
    const environment = Object.fromEntries(variables.split(" ").map((one) => one.split("=", 2)));
    const { config, warnings } = loadConfig({}, environment);
    expect([config.tls, config.listen.host, warnings]).toEqual([{ mode: "auto", names: [] }, "0.0.0.0", []]);
  });
});
