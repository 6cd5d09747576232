// The installation's keys: the bodies that change them ask for themselves, whatever was asked before them.
import { afterAll, expect, test } from "vitest";
import { resumeSweeps } from "../../../src/core/backends/guard.ts";
import { systemCaller } from "../../../src/core/caller.ts";
import { readKeys } from "../../../src/core/installation.ts";
import { rotateInstallationKey } from "../../../src/core/keys/installation.ts";
import { readRootStanding } from "../../../src/core/keys/root.ts";
import { addRootKey, promoteRootKey } from "../../../src/core/keys/root-rotation.ts";
import { nextTerm } from "../../../src/core/keys/rotate.ts";
import { showVitals } from "../../../src/core/vitals.ts";
import { refusal } from "../../support/coffers.ts";
import { tokenIdOf } from "../../support/server.ts";
import { field } from "./field.ts";

const it = await field();
const { database, keyring, clock } = it.coffer.node.context;
afterAll(() => it.coffer.stop());

/** An owner of an organization who is no operator. */
function called() {
  const { id, token } = it.person("owner");
  const caller = { ...systemCaller("native"), kind: "person" as const, id, tokenId: tokenIdOf(token) };
  return { caller, at: clock.now(), organizationId: null };
}

test.each([addRootKey, promoteRootKey])(
  "$name by the owner of an organization who is no operator",
  async (body) => {
    const { current } = await database.point(readRootStanding, null);
    const held = ["rk_0123456789abcdef", current ?? ""];
    const call = { ...called(), rootKeyId: "rk_0123456789abcdef", held };
    expect((await refusal(database.execute(body, call))).code).toBe("caller.denied");
  },
);

test("keys.rotate-installation by the owner of an organization who is no operator", async () => {
  const stored = await database.point(readKeys, null);
  const term = nextTerm(stored.keys.map((key) => ({ number: key.term })));
  const call = called();
  const made = keyring.newInstallationKey(stored, term, call.at);
  const error = await refusal(database.execute(rotateInstallationKey, { ...call, ...made }));
  expect(error.code).toBe("caller.denied");
});

test("a backend's sweeps are not resumed by the owner of an organization who is no operator", async () => {
  const error = await refusal(database.execute(resumeSweeps, { ...called(), backend: "none", heard: null }));
  expect(error.code).toBe("caller.denied");
});

test("the installation's vitals are not shown to the owner of an organization who is no operator", async () => {
  const error = await refusal(database.point(showVitals, called()));
  expect(error.code).toBe("caller.denied");
});
