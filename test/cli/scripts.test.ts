// The words and exit codes of the command line where no server is needed: what it says about
// mistakes, about servers that are not there, about files that are not what they should be.
import { join } from "node:path";
import { describe, test } from "vitest";
import { follow, scriptsIn } from "./follow.ts";

// A script is many processes, and the machine may be busy.
const timeout = 120_000;

describe("without a server", { timeout }, async () => {
  test.each(await scriptsIn(import.meta.dirname))("%s", (name) => follow(join(import.meta.dirname, name)));
});
