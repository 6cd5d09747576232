// Members that a JSON text has twice in one object. The engine's parser takes the last without a word;
// Kubernetes warns of it or refuses it. Only for text that is known to be JSON.

/** Names come from outside, and one of half a megabyte could be the beginning of a hundred thousand paths. */
export const pathShownMax = 128;

/** Of one body; more than are ever shown, and few enough to be kept. */
export const findingsKeptMax = 1_000;

/** Paths like `spec.value` and `metadata.ownerReferences[0].name`, in the order in which they are seen. */
export function repeatedMembers(text: string): string[] {
  const repeated: string[] = [];
  // One entry for each open object or array; the path of what it holds is its own and the member's name.
  const open: { readonly path: string; readonly names: Set<string> | null; name: string; index: number }[] =
    [];
  let at = 0;
  const member = () => {
    const top = open.at(-1);
    if (top === undefined) return "";
    const path = top.names === null ? `${top.path}[${top.index}]` : joined([top.path, top.name]);
    return path.slice(0, pathShownMax);
  };
  while (at < text.length && repeated.length < findingsKeptMax) {
    const character = text[at];
    const top = open.at(-1);
    if (character === "{" || character === "[") {
      open.push({ path: member(), names: character === "{" ? new Set() : null, name: "", index: 0 });
    } else if (character === "}" || character === "]") {
      open.pop();
    } else if (character === "," && top !== undefined) {
      top.index += 1;
    } else if (character === '"') {
      const end = endOfString(text, at);
      // In an object, text before a colon is a name.
      if (top?.names && nextIsColon(text, end)) {
        const name = JSON.parse(text.slice(at, end)) as string; // a string of valid JSON
        top.name = name.slice(0, pathShownMax);
        if (top.names.has(name)) repeated.push(member());
        top.names.add(name);
      }
      at = end;
      continue;
    }
    at += 1;
  }
  return repeated;
}

/** No longer than is shown, however long its parts. */
export function joined(names: readonly string[]): string {
  const parts = names.map((name) => name.slice(0, pathShownMax));
  return parts
    .filter((name) => name !== "")
    .join(".")
    .slice(0, pathShownMax);
}

/** After the closing quote. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}

function nextIsColon(text: string, from: number): boolean {
  let at = from;
  while (" \t\n\r".includes(text[at] ?? "x")) at += 1;
  return text[at] === ":";
}
