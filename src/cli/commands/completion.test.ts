import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { clientOf } from "../client.ts";
import type { Http } from "../http.ts";
import { programOf } from "../program.ts";
import { complete, type NameKind, namesOf } from "./completion.ts";
import { allCommands } from "./index.ts";

const nowhere = new PassThrough();
const program = programOf(
  { env: {}, stdin: nowhere, stdout: nowhere, stderr: nowhere },
  () => {},
  allCommands,
);

/** Each kind has two names; those asked for are noted, with the place they were asked of. */
async function candidates(...words: string[]): Promise<string[]> {
  return complete(program, words, async (kind, _start, options) => {
    const place = options.store ?? "default";
    return [`${kind}-one@${place}`, `${kind}-two@${place}`];
  });
}

test("commands, and those below a group", async () => {
  expect(await candidates("sec")).toEqual(["secret"]);
  expect(await candidates("trash", "")).toEqual(["list", "restore", "purge"]);
  expect(await candidates("nothing", "")).toContain("secret");
});

test("options of the command at hand", async () => {
  expect(await candidates("secret", "get", "--v")).toEqual(["--version"]);
  expect(await candidates("secret", "get", "NAME", "--js")).toEqual(["--json"]);
});

test.each<[NameKind, string[]]>([
  ["secret", ["secret", "get", ""]],
  ["secret", ["secret", "get", "--json", ""]],
  ["secret", ["explain", "secret.reveal", ""]],
  ["store", ["store", "show", ""]],
  ["store", ["secret", "list", "--store", ""]],
  ["store", ["secret", "move", "NAME", "--to", ""]],
  ["machine", ["machine", "rm", ""]],
  ["machine", ["token", "create", "ci", "--machine", ""]],
  ["group", ["group", "add", ""]],
  ["org", ["secret", "list", "--org", ""]],
])("names of a %s in %j", async (kind, words) => {
  expect(await candidates(...words)).toEqual([`${kind}-one@default`, `${kind}-two@default`]);
});

test("names of the store that stands in the line, however it stands there", async () => {
  expect(await candidates("secret", "get", "--store", "web", "secret-o")).toEqual(["secret-one@web"]);
  expect(await candidates("secret", "get", "--store=web", "secret-o")).toEqual(["secret-one@web"]);
  expect(await candidates("secret", "get", "--store", "=", "web", "secret-o")).toEqual(["secret-one@web"]);
});

test.each([
  [
    ["people", "role", "ada@example.org", "a"],
    ["admin", "auditor"],
  ],
  [
    ["grant", "set", "group:a", "store:b", ""],
    ["read", "write", "manage"],
  ],
  [["completion", "z"], ["zsh"]],
])("what can be nothing else: %j", async (words, found) => {
  expect(await candidates(...words)).toEqual(found);
});

test.each([
  [["machine", "create", ""]],
  [["secret", "duplicate", "NAME", ""]],
  [["secret", "set", "NAME", "--value-file", ""]],
  [["run", "--", "pri"]],
  [["secret", "set", "NAME", "--value", ""]],
])("nothing for %j: a new name, a file, another program's words, a value", async (words) => {
  expect(await candidates(...words)).toEqual([]);
});

test("a server that is not there, or a name that could be a command, is no candidate", async () => {
  expect(await namesOf("store", "", () => Promise.reject(new Error("away")))).toEqual([]);
  const names = ["plain", "a b", "$(touch x)", "`x`", "-rf", "a;b", "a\nb", "~", "*", null];
  const items = names.map((name) => ({ id: "", name, createdAt: "", createdBy: null, changedAt: "" }));
  const answer = { items, nextCursor: null };
  const http: Http = {
    json: async (_request, shape) => {
      if (!shape(answer)) throw new Error("not what was asked for");
      return answer;
    },
    done: async () => {},
  };
  const client = clientOf(http, { organization: "default", store: "default" });
  expect(await namesOf("machine", "", async () => client)).toEqual(["plain"]);
});
