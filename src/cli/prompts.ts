// Asking a person for something that must not appear on the screen. It speaks to the terminal
// itself, so that stdin and stdout stay free for data, and always gives the terminal back as it was.
import { openSync } from "node:fs";
import { ReadStream, WriteStream } from "node:tty";
import { usage } from "./failure.ts";
import { interrupted } from "./signals.ts";

const lineCharactersMax = 70_000;

/** One hidden line. Where there is no terminal the failure says what to do instead. */
export async function askHidden(question: string, instead: string): Promise<string> {
  return onTerminal(instead, (ask) => ask(question));
}

/** The same twice, because nobody sees what he typed. */
export async function askHiddenTwice(question: string, again: string, instead: string): Promise<string> {
  return onTerminal(instead, async (ask) => {
    const first = await ask(question);
    if (first !== (await ask(again))) throw usage("the two inputs differ; nothing was changed");
    return first;
  });
}

async function onTerminal(
  instead: string,
  work: (ask: (question: string) => Promise<string>) => Promise<string>,
): Promise<string> {
  const { input, output } = openTerminal(instead);
  try {
    input.setRawMode(true);
    input.setEncoding("utf8");
    const nextLine = hiddenLines(input);
    return await work(async (question) => {
      output.write(question);
      try {
        return await nextLine();
      } finally {
        output.write("\n");
      }
    });
  } finally {
    input.setRawMode(false);
    input.destroy();
    output.destroy();
  }
}

function openTerminal(instead: string): { input: ReadStream; output: WriteStream } {
  try {
    return {
      input: new ReadStream(openSync("/dev/tty", "r")),
      output: new WriteStream(openSync("/dev/tty", "w")),
    };
  } catch (cause) {
    const failure = usage("there is no terminal to ask on", instead);
    failure.cause = cause;
    throw failure;
  }
}

/** Line after line of what is typed; what was pasted behind a line's end belongs to the next one. */
export function hiddenLines(input: AsyncIterable<string>): () => Promise<string> {
  const chunks = input[Symbol.asyncIterator]();
  let rest: string[] = [];
  return async () => {
    const line = lineReader();
    for (;;) {
      for (let at = 0; at < rest.length; at += 1) {
        const state = line.type(rest[at] ?? "");
        if (state === "typing") continue;
        rest = rest.slice(at + 1);
        if (state === "interrupted") throw interrupted();
        if (state === "too-long") throw usage("that is longer than a value may be");
        return line.text();
      }
      const { done, value } = await chunks.next();
      if (done) throw usage("the terminal was closed");
      rest = [...value];
    }
  };
}

/** The few keys that a raw terminal leaves to us: enter, backspace, Ctrl-U, Ctrl-C, Ctrl-D. */
function lineReader() {
  let characters: string[] = [];
  return {
    type(character: string): "typing" | "done" | "interrupted" | "too-long" {
      if (character === "\r" || character === "\n" || character === "\u0004") return "done";
      if (character === "\u0003") return "interrupted";
      if (character === "\u007f" || character === "\b") characters.pop();
      else if (character === "\u0015") characters = [];
      else characters.push(character);
      return characters.length > lineCharactersMax ? "too-long" : "typing";
    },
    text: () => characters.join(""),
  };
}
