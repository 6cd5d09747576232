// The installation's keys: the bodies that change them ask for themselves, whatever was asked before them.
import { afterAll, expect, test } from "vitest";
import { systemCaller } from "../../../src/core/caller.ts";
import { readRootStanding } from "../../../src/core/keys/root.ts";
import { addRootKey, promoteRootKey } from "../../../src/core/keys/root-rotation.ts";
import { refusal } from "../../support/coffers.ts";
import { tokenIdOf } from "../../support/server.ts";
import { field } from "./field.ts";

const it = await field();
const { context } = it.coffer.node;
afterAll(() => it.coffer.stop());

test.each([addRootKey, promoteRootKey])(
  "$name by the owner of an organization who is no operator",
  async (body) => {
    const { id, token } = it.person("owner");
    const caller = { ...systemCaller("native"), kind: "person" as const, id, tokenId: tokenIdOf(token) };
    const at = context.clock.now();
    const { current } = await context.database.point(readRootStanding, null);
    const held = ["rk_0123456789abcdef", current ?? ""];
    const call = { caller, at, organizationId: null, rootKeyId: "rk_0123456789abcdef", held };
    expect((await refusal(context.database.execute(body, call))).code).toBe("caller.denied");
  },
);
