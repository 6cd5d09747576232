// The scripts that need a server: each has one of its own, on an empty data folder.
import { join } from "node:path";
import { describe, onTestFinished, test } from "vitest";
import { startCoffer } from "../support/server.ts";
import { follow, scriptsIn } from "./follow.ts";

const folder = join(import.meta.dirname, "server");

// A script is many processes, and the machine may be busy.
const timeout = 120_000;

describe("with a server", { timeout }, async () => {
  test.each(await scriptsIn(folder))("%s", async (name) => {
    const server = await startCoffer();
    onTestFinished(() => server.stop());
    await follow(join(folder, name), { URL: server.url, BOOTSTRAP: server.bootstrapFile, DATA: server.data });
  });
});
