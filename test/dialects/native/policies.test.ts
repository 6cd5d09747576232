// Claim policies as the native API takes and refuses them.
import { afterAll, describe, expect, test } from "vitest";
import { startCoffer } from "../../support/server.ts";
import { aName, at, created, expectRefused, secrets } from "./support.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);

describe("a policy", () => {
  test.each([
    [
      "with comments and blanks of its own",
      "# who\r\n-   build_branch:  [ main, 'release/*' ]   # these\r\n\r\n",
    ],
    ["as JSON", '[{"pipeline_slug":"web","build_creator_team":["0190a0a0-0000-7000-8000-000000000000"]}]'],
    ["of comments alone, which is none", "# every job of the store\n"],
    ["without a character, which is none", ""],
  ])("%s is kept byte for byte", async (_, policy) => {
    const { name } = await created(me, { policy });
    expect((await me.get(at(name))).body.policy).toBe(policy);
    await me.patch(at(name), { policy: null });
    expect((await me.patch(at(name), { policy })).body.policy).toBe(policy);
  });

  test.each([
    ["main", "must be a list of rules", " (line 1)", { line: 1 }],
    [
      "- build_branch: main\n- branch: main",
      "rule 2 has an unknown claim 'branch'",
      " (line 2; did you mean 'build_branch'?)",
      { line: 2, nearest: "build_branch" },
    ],
    ["\n- [", "is not valid YAML (line 2)", "", { line: 2 }],
  ])("400 for %j", async (policy, rule, more, where) => {
    const { name } = await created(me, { policy: "- build_branch: main", value: "v" });
    const before = await me.get(at(name));
    const answers = [
      await me.post(secrets, { name: aName(), policy }),
      await me.patch(at(name), { policy }),
      await me.post(at(name, "/duplicate"), { name: aName(), policy }),
    ];
    for (const answer of answers) {
      expectRefused(answer, 400, "request.invalid", `"policy" ${rule}${more}`, {
        field: "policy",
        rule,
        ...where,
      });
    }
    expect((await me.get(at(name))).body).toEqual(before.body);
  });
});
