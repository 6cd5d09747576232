// The requests that the service documents, read from its page: nothing here is written by hand, so that
// none of them can be forgotten.
import { readFileSync } from "node:fs";

export interface Documented {
  readonly title: string;
  readonly method: string;
  readonly path: string;
  readonly body: Record<string, unknown> | null;
  readonly scope: string;
  readonly status: number;
  /** Null where no answer is shown. */
  readonly answer: Record<string, unknown> | readonly Record<string, unknown>[] | null;
  /** Members of the body that are refused, with the sentence. */
  readonly refusals: readonly { readonly member: string; readonly message: string }[];
}

const page = readFileSync(new URL("./seed.md", import.meta.url), "utf8");

/** The members of a secret, `value` among them. */
export const dataModel: readonly string[] = [
  ...(section("Secret data model")?.matchAll(/<th><code>(\w+)<\/code><\/th>/g) ?? []),
].map(([, member = ""]) => member);

export const documented: readonly Documented[] = sections()
  .filter((text) => text.includes("curl "))
  .map(read);

function sections(): readonly string[] {
  return page.split(/^## /m).slice(1);
}

function section(title: string): string | undefined {
  return sections().find((text) => text.startsWith(`${title}\n`));
}

function read(text: string): Documented {
  const title = text.slice(0, text.indexOf("\n"));
  const curl = found(/```bash\n([\s\S]*?)```/, text);
  const body = /-d '([\s\S]*?)'\n/.exec(curl)?.[1];
  const answer = /```json\n([\s\S]*?)```/.exec(text)?.[1];
  const refusals = text.slice(text.indexOf("Error response"));
  return {
    title,
    method: found(/-X (\w+)/, curl),
    path: new URL(found(/"(https:\/\/api\.buildkite\.com[^"]*)"/, curl)).pathname,
    body: body === undefined ? null : JSON.parse(body),
    scope: found(/Required scope: `(\w+)`/, text),
    status: Number(found(/Success response: `(\d+)/, text)),
    answer: answer === undefined ? null : JSON.parse(answer),
    refusals: text.includes("Error response")
      ? [...refusals.matchAll(/<th><code>(\w+)<\/code><\/th>.*?<code>"(.*?)"<\/code>/g)].map(
          ([, member = "", message = ""]) => ({ member, message }),
        )
      : [],
  };
}

function found(form: RegExp, text: string): string {
  const match = form.exec(text)?.[1];
  if (match === undefined) throw new Error(`the page has no ${form} in:\n${text.slice(0, 200)}`);
  return match;
}
