// Members that a JSON text has twice in one object. The engine's parser takes the last without a word;
// Kubernetes warns of it or refuses it. Only for text that is known to be JSON.

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
    if (top.names === null) return `${top.path}[${top.index}]`;
    return top.path === "" ? top.name : `${top.path}.${top.name}`;
  };
  while (at < text.length) {
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
        top.name = JSON.parse(text.slice(at, end)) as string; // a string of valid JSON
        if (top.names.has(top.name)) repeated.push(member());
        top.names.add(top.name);
      }
      at = end;
      continue;
    }
    at += 1;
  }
  return repeated;
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
