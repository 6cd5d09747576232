// The routes and objects that the service documents, read from its page: nothing here is written by hand,
// so that none of them can be forgotten.
import { readFileSync } from "node:fs";

export interface Field {
  readonly name: string;
  readonly type: string;
  readonly optional: boolean;
  readonly maxLength: number | null;
  readonly format: string | null;
}

export interface Documented {
  readonly title: string;
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
}

const page = readFileSync(new URL("./seed.md", import.meta.url), "utf8");

export const documented: readonly Documented[] = [
  ...page.matchAll(/^(.+)\n(GET|POST|PATCH|DELETE)(\/accounts\S+)$/gm),
].map(([, title = "", method, path = ""]) => ({
  title,
  method: method as Documented["method"], // one of the four of the pattern
  path,
}));

/** By the name of the model: its members, none where the result is null. */
export const models: ReadonlyMap<string, readonly Field[]> = new Map(
  page
    .split(/^(?=\w+Response (?:=|object))/m)
    .slice(1)
    .map((text) => [text.slice(0, text.indexOf(" ")), fieldsOf(text)]),
);

function fieldsOf(text: string): readonly Field[] {
  return text
    .split(/^(?=\w+: )/m)
    .slice(1)
    .map((part) => {
      const [, name = "", optional, type = ""] = /^(\w+): (optional )?(.*)/.exec(part) ?? [];
      const maxLength = /^maxLength(\d+)$/m.exec(part)?.[1];
      const format = /^format(\S+)$/m.exec(part)?.[1] ?? null;
      return {
        name,
        type,
        optional: optional !== undefined,
        maxLength: maxLength === undefined ? null : Number(maxLength),
        format,
      };
    });
}
