// The format of the scripts in this folder: commands with what they print and how they end.
// Reading and comparing, nothing that runs; the runner is scripts.test.ts.
//
//   # a comment: what the next lines show
//   $ printf %s 'a b' | coffer secret set NAME      a line for the shell; `\` at its end continues it
//   > NAME  1                                       a line on stdout
//   >> a b                                          a last line on stdout without a line end
//   ! coffer: talk                                  a line on stderr
//   exit 4                                          the exit code, where it is not 0
//
// `{id}` stands for any UUID, `{time}` for any moment, `{word}` for what holds no space, `{any}` for
// the rest of a line.

export interface Step {
  readonly line: number;
  readonly command: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export function parseScript(text: string): Step[] {
  const steps: { line: number; command: string; stdout: string; stderr: string; exitCode: number }[] = [];
  let continued = false;
  for (const [index, line] of text.split("\n").entries()) {
    const step = steps.at(-1);
    if (continued && step !== undefined) {
      step.command += `\n${line}`;
      continued = line.endsWith("\\");
    } else if (line === "" || line.startsWith("#")) {
    } else if (line.startsWith("$ ")) {
      steps.push({ line: index + 1, command: line.slice(2), stdout: "", stderr: "", exitCode: 0 });
      continued = line.endsWith("\\");
    } else if (step === undefined) {
      throw new Error(`line ${index + 1}: an expectation before the first command`);
    } else if (line.startsWith(">> ")) {
      step.stdout += line.slice(3);
    } else if (line === ">" || line.startsWith("> ")) {
      step.stdout += `${line.slice(2)}\n`;
    } else if (line === "!" || line.startsWith("! ")) {
      step.stderr += `${line.slice(2)}\n`;
    } else if (/^exit \d+$/.test(line)) {
      step.exitCode = Number(line.slice(5));
    } else {
      throw new Error(`line ${index + 1}: neither a command nor an expectation`);
    }
  }
  return steps;
}

const placeholders: Readonly<Record<string, string>> = {
  "{id}": "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
  "{time}": "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?Z",
  "{word}": "\\S+",
  "{any}": ".*",
};

function matches(expected: string, actual: string): boolean {
  const parts = expected.split(/(\{(?:id|time|word|any)\})/);
  const pattern = parts
    .map((part) => placeholders[part] ?? part.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"))
    .join("");
  return new RegExp(`^${pattern}$`).test(actual);
}

/** The actual text with each line that fits its expectation written as the expectation: for a readable diff. */
export function asExpected(expected: string, actual: string): string {
  const wanted = expected.split("\n");
  return actual
    .split("\n")
    .map((line, index) => {
      const want = wanted[index];
      return want !== undefined && matches(want, line) ? want : line;
    })
    .join("\n");
}
