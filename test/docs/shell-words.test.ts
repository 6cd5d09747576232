import { expect, test } from "vitest";
import { cofferIn, commandsIn } from "./shell-words.ts";

test.each([
  ["coffer secret get A", [["secret", "get", "A"]]],
  ["printf %s 'a b' | coffer secret set A > file 2>/dev/null", [["secret", "set", "A"]]],
  [
    "ID=$(coffer machine create ci --json | jq -r .id)   # coffer no",
    [["machine", "create", "ci", "--json"]],
  ],
  ['curl "$(coffer token create a)"', [["token", "create", "a"]]],
  ["A=1 bin/coffer login \\\n  --org acme < token.txt", [["login", "--org", "acme"]]],
  ["(umask 077 && coffer key new > a) && mv a b", [["key", "new"]]],
  ["sudo -u coffer coffer audit key", [["audit", "key"]]],
  [
    "coffer trust create - <<'END'\n{\"a\": 1}\ncoffer no\nEND\ncoffer whoami",
    [["trust", "create", "-"], ["whoami"]],
  ],
  ['coffer org create acme --name "Acme Ltd."', [["org", "create", "acme", "--name", "Acme Ltd."]]],
  ["coffer run -- sh -c 'echo $A'", [["run", "--", "sh", "-c", "echo $A"]]],
  ['coffer() { command coffer "$@"; }', []],
  ["chown coffer /var/lib/coffer", []],
])("%j", (text, commands) => {
  expect(cofferIn(text)).toEqual(commands);
});

test("words are kept together by quotes and apart by signs", () => {
  expect(commandsIn("a 'b c'\"d\" && e;f&g")).toEqual([["a", "b cd"], ["e"], ["f"], ["g"]]);
});
