// The commands in a piece of shell, as far as it takes to look at each: words with their quotes
// taken off, and where one command ends and another begins. It runs nothing and expands nothing.

/** Every simple command, those in `$(...)` too; redirections, assignments and comments are left out. */
export function commandsIn(text: string): string[][] {
  const commands: string[][] = [];
  let words: string[] = [];
  let word: string | null = null;
  let target = false;
  const endWord = () => {
    const assigned = words.length === 0 && word !== null && /^\w+=/.test(word);
    if (word !== null && !target && !assigned) words.push(word);
    if (word !== null) target = false;
    word = null;
  };
  const endCommand = () => {
    endWord();
    if (words.length > 0) commands.push(words);
    words = [];
    target = false;
  };
  for (let at = 0; at < text.length; at += 1) {
    const rest = text.slice(at);
    const [sign = ""] = rest;
    const nested = /^\$\(([^()]*(?:\([^()]*\)[^()]*)*)\)/.exec(rest);
    const quoted = /^'([^']*)'|^"((?:[^"\\$]|\\[\s\S]|\$\([^()]*\)|\$)*)"/.exec(rest);
    const hereDocument = /^<<-?\s*'?(\w+)'?/.exec(rest);
    if (nested !== null) {
      commands.push(...commandsIn(nested[1] ?? ""));
      word = `${word ?? ""}x`;
      at += nested[0].length - 1;
    } else if (quoted !== null) {
      for (const [, inner = ""] of (quoted[2] ?? "").matchAll(/\$\(([^()]*)\)/g))
        commands.push(...commandsIn(inner));
      word = (word ?? "") + (quoted[1] ?? quoted[2] ?? "");
      at += quoted[0].length - 1;
    } else if (hereDocument !== null) {
      const end = rest.search(new RegExp(`\\n${hereDocument[1]}(\\n|$)`));
      const line = rest.indexOf("\n");
      // What is left of this line still counts; the document itself does not.
      const tail = rest.slice(hereDocument[0].length, line < 0 ? undefined : line);
      endCommand();
      commands.push(...commandsIn(tail.replace(/^[^|;&]*/, "").replace(/^[|;&]+/, "")));
      at += end < 0 ? rest.length : end + (hereDocument[1] ?? "").length;
    } else if (rest.startsWith("() {")) {
      // The name of a function that is defined here is no command.
      word = null;
      words = [];
      at += 3;
    } else if (rest.startsWith("\\\n")) {
      endWord();
      at += 1;
    } else if (sign === "\\") {
      word = (word ?? "") + (rest[1] ?? "");
      at += 1;
    } else if (sign === "#" && word === null) {
      endCommand();
      const line = rest.indexOf("\n");
      at += line < 0 ? rest.length : line - 1;
    } else if (/^\d*[<>]/.test(rest) && (word === null || !/\d/.test(sign))) {
      endWord();
      const redirection = /^\d*(?:>>|>&\d?|[<>])/.exec(rest)?.[0] ?? "";
      target = !/&\d$/.test(redirection);
      at += redirection.length - 1;
    } else if (
      /[|;&\n(){}]/.test(sign) &&
      !(sign === "{" && word !== null) &&
      !(sign === "}" && word !== null)
    ) {
      endCommand();
    } else if (/\s/.test(sign)) {
      endWord();
    } else {
      word = (word ?? "") + sign;
    }
  }
  endCommand();
  return commands;
}

/** The arguments of each `coffer` in it. */
export function cofferIn(text: string): string[][] {
  return commandsIn(text)
    .map(([first = "", ...words]) => {
      if (first === "exec") return words;
      // `sudo -u USER COMMAND`
      if (first === "sudo") return words.slice(words[0] === "-u" ? 2 : 0);
      return [first, ...words];
    })
    .filter(([name = ""]) => /^(?:(?:.*\/)?\.?bin\/)?coffer$/.test(name))
    .map(([, ...args]) => args);
}
