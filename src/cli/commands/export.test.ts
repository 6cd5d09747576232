import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { exitCodes } from "../exit-codes.ts";
import { runCoffer } from "../program.ts";

/** A stream that takes note of what it was given, on a terminal or not. */
function stream(isTTY: boolean) {
  const chunks: string[] = [];
  const writable = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  return Object.assign(writable, { isTTY, text: () => chunks.join("") });
}

test("an export to a terminal is refused before anything is asked for, unless it was said", async () => {
  const env = { COFFER_URL: "http://127.0.0.1:1", COFFER_TOKEN: "coffer_person_x_y", HOME: "/nowhere" };
  const stderr = stream(false);
  const shell = { env, stdin: process.stdin, stdout: stream(true), stderr };
  expect(await runCoffer(["export", "--format", "json"], shell)).toBe(exitCodes.usage);
  expect(stderr.text()).toBe(
    "coffer: the values would stand on the screen\n  --out FILE writes a file; --out - shows them\n",
  );
  // With --out - it goes on, as far as it comes here.
  const said = stream(false);
  await runCoffer(["export", "--format", "json", "--out", "-"], { ...shell, stderr: said });
  expect(said.text()).not.toContain("the values would stand on the screen");
});
