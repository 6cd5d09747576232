// The requests that the service documents, read from its page: nothing here is written by hand, so that
// none of them can be forgotten.
import { readFileSync } from "node:fs";

export interface Documented {
  readonly title: string;
  readonly method: string;
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>> | null;
  readonly action: string;
  readonly scope: string;
  readonly status: number;
  readonly answer: Record<string, unknown>;
  /** All statuses that it may have. */
  readonly statuses: readonly number[];
}

const page = readFileSync(new URL("./seed.md", import.meta.url), "utf8");

export const documented: readonly Documented[] = page
  .split(/^## /m)
  .slice(1)
  .filter((section) => section.includes("**Example response**"))
  .map(read);

function read(section: string): Documented {
  const [asked = "", answered = ""] = section.split("**Example response**");
  const request = block(asked);
  const response = block(answered);
  const [line = ""] = request.split("\n");
  const [method = "", path = ""] = line.split(" ");
  const body = bodyOf(request);
  return {
    title: section.slice(0, section.indexOf("\n")),
    method,
    path,
    body,
    action: found(/^`(secret\.\w+:\w+)`$/m, section),
    scope: found(/^- `(secret\.\w+:\*)`$/m, section),
    status: Number(found(/^HTTP\/1\.1 (\d+)/, response)),
    answer: bodyOf(response) ?? {},
    statuses: [...answered.matchAll(/^- \*\*(\d+)\*\*/gm)].map(([, status]) => Number(status)),
  };
}

function block(text: string): string {
  return found(/```http\n([\s\S]*?)```/, text);
}

function bodyOf(message: string): Record<string, unknown> | null {
  const start = message.indexOf("\n\n{");
  return start < 0 ? null : JSON.parse(message.slice(start));
}

function found(form: RegExp, text: string): string {
  const match = form.exec(text)?.[1];
  if (match === undefined) throw new Error(`the page has no ${form} in:\n${text.slice(0, 200)}`);
  return match;
}
