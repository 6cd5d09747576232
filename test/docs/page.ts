// What of a page of docs/ is commands: its fenced blocks, and the hidden ones that set the stage.
// Reading and comparing, nothing that runs; the runner is walk.ts.
//
//   ```sh                       commands that run, and end with 0
//   ```console                  `$ command` lines, each with what a terminal shows below it
//   <!-- not run: REASON -->    before either of them: bash only reads it
//   <!-- sh                     commands that no reader sees, up to the line with the end of the comment
//   <!-- needs: postgresql -->  of the whole page
//
// In what is shown, `...` stands for anything within a line, and alone on a line for any lines. Ids,
// moments, tokens, digests and the like are compared by their form.

export interface Step {
  readonly line: number;
  readonly text: string;
  /** What a terminal shows; null: it is not compared, and the step ends with 0. */
  readonly shown: string | null;
}

export interface Unrun {
  readonly line: number;
  readonly text: string;
  readonly reason: string;
}

/** Any fence, for those who look for commands in all of them. */
export interface Fence {
  readonly line: number;
  readonly language: string;
  readonly text: string;
}

export interface Page {
  readonly steps: readonly Step[];
  readonly unrun: readonly Unrun[];
  readonly fences: readonly Fence[];
  readonly needs: readonly string[];
}

/** Scripts of this repository: they test or measure it, and would not end inside of its own tests. */
const scripts = /(?:^|&& )npm (?:test|run)\b/m;

export function parsePage(text: string): Page {
  const steps: Step[] = [];
  const unrun: Unrun[] = [];
  const fences: Fence[] = [];
  const needs: string[] = [];
  const lines = text.split("\n");
  let reason: string | null = null;
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    const until = (end: RegExp): string => {
      const from = at + 1;
      do at += 1;
      while (at < lines.length && !end.test(lines[at] ?? ""));
      if (at === lines.length) throw new Error(`line ${from}: a block without an end`);
      return lines.slice(from, at).join("\n");
    };
    const number = at + 1;
    const note = /^<!-- (not run|needs): (.*) -->$/.exec(line);
    const fence = /^(\s*)```(.*)$/.exec(line);
    if (note?.[1] === "needs") needs.push(note[2] ?? "");
    else if (note !== null) reason = note[2] ?? "";
    else if (line === "<!-- sh") steps.push({ line: number, text: until(/^-->$/), shown: null });
    else if (fence !== null) {
      const [, indent = "", language = ""] = fence;
      const body = until(/^\s*```\s*$/)
        .split("\n")
        .map((it) => it.slice(Math.min(indent.length, it.length - it.trimStart().length)))
        .join("\n");
      fences.push({ line: number, language, text: body });
      if (language === "sh" || language === "console") {
        const own = language === "sh" ? [{ line: number, text: body, shown: null }] : dialogue(body, number);
        const why = reason ?? (scripts.test(body) ? "checkout" : null);
        if (why === null) steps.push(...own);
        else unrun.push(...own.map((it) => ({ line: it.line, text: it.text, reason: why })));
      } else if (reason !== null) {
        throw new Error(`line ${number}: only sh and console blocks are run`);
      }
      reason = null;
    } else if (line.trim() !== "" && reason !== null) {
      throw new Error(`line ${number}: "not run" stands right before a block`);
    }
  }
  return { steps, unrun, fences, needs };
}

/** `$ command`, continued by `> ` or after `\`, then what it shows. */
function dialogue(body: string, above: number): Step[] {
  const steps: { line: number; text: string; shown: string }[] = [];
  let reading = false;
  for (const [index, line] of body.split("\n").entries()) {
    const step = steps.at(-1);
    const line_ = above + 1 + index;
    if (line.startsWith("$ ")) {
      steps.push({ line: line_, text: line.slice(2), shown: "" });
      reading = true;
    } else if (step === undefined) {
      throw new Error(`line ${line_}: what is shown before the first command`);
    } else if (reading && (line.startsWith("> ") || step.text.endsWith("\\"))) {
      step.text += `\n${line.replace(/^> /, "")}`;
    } else {
      reading = false;
      step.shown += `${line}\n`;
    }
  }
  return steps.map((step) => ({ ...step, shown: step.shown.replace(/\n+$/, "\n") }));
}

/** Whatever differs from run to run, by its form; the longest forms first. */
const forms: readonly (readonly [RegExp, string])[] = [
  [/\bcoffer_[a-z]+_[0-9a-f]{32}_[\w-]+/g, "<token>"],
  [/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, "<id>"],
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?/g, "<moment>"],
  [/\b\d{4}-\d\d-\d\d\b/g, "<date>"],
  [/\brk_[0-9a-f]{16}\b/g, "<root key>"],
  [/\b(?:[0-9A-F]{2}:){2,}(?:[0-9A-F]{2}\b|\.\.\.)/g, "<fingerprint>"],
  [/\b[0-9a-f]{16,}\b/g, "<digest>"],
  [/\b[A-Za-z0-9+/]{43}=/g, "<digest>"],
  [/\bpid \d+/g, "pid <n>"],
  [/\b\d+(?:\.\d+)? ?(?:ms|s|KiB|MiB|GiB)\b/g, "<amount>"],
];

function byForm(text: string): string {
  const folded = forms.reduce((known, [form, name]) => known.replace(form, name), text);
  return folded.replace(/[ \t]+$/gm, "");
}

/** Whether a terminal that said this is what the page shows. */
export function fits(shown: string, said: string): boolean {
  const pattern = byForm(shown)
    .split("\n")
    .map((line, index, all) => {
      const last = index === all.length - 1;
      if (line.trim() === "...") return "(?:.*\\n)*";
      const escaped = line
        .split("...")
        .map((part) => part.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"))
        .join(".*");
      return last ? escaped : `${escaped}\\n`;
    })
    .join("");
  const ended = said === "" || said.endsWith("\n") ? said : `${said}\n`;
  return new RegExp(`^${pattern}$`).test(byForm(ended));
}
