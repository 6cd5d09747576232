// Finds what must not be anywhere: a secret in every form in which software tends to write it down,
// wherever in a text or a file it starts.

export interface Canary {
  readonly name: string;
  readonly bytes: Buffer;
}

export interface Form {
  readonly form: string;
  readonly needle: Buffer;
}

/** Every form in which these bytes may stand somewhere; what is text has more of them. */
export function formsOf({ bytes }: Canary): Form[] {
  const forms: Form[] = [
    { form: "plain", needle: bytes },
    ...[bytes.toString("hex"), bytes.toString("hex").toUpperCase()].map((text) => ascii("hex", text)),
    ...[0, 1, 2].flatMap((offset) => base64(bytes, offset)),
  ];
  const text = bytes.toString("utf8");
  if (!Buffer.from(text).equals(bytes)) return forms;
  const units = Array.from({ length: text.length }, (_, index) => text.charCodeAt(index));
  const escapes = units.map((unit) => unit.toString(16).padStart(4, "0"));
  const json = JSON.stringify(text).slice(1, -1);
  return [
    ...forms,
    ascii("URL", encodeURIComponent(text)),
    ascii("URL", encodeURIComponent(text).replaceAll("%20", "+")),
    ascii("URL, each byte", Array.from(bytes, (byte) => `%${hex(byte)}`).join("")),
    ascii("URL, each byte", Array.from(bytes, (byte) => `%${hex(byte).toUpperCase()}`).join("")),
    { form: "JSON", needle: Buffer.from(json) },
    ascii(
      "JSON, not ASCII escaped",
      json.replaceAll(/[^ -~]/g, (letter) => `\\u${escapeOf(letter)}`),
    ),
    ascii("JSON, all escaped", escapes.map((code) => `\\u${code}`).join("")),
    ascii("JSON, all escaped", escapes.map((code) => `\\u${code.toUpperCase()}`).join("")),
    { form: "JSON within JSON", needle: Buffer.from(JSON.stringify(json).slice(1, -1)) },
    { form: "UTF-16", needle: Buffer.from(text, "utf16le") },
    { form: "Latin-1", needle: Buffer.from(text, "latin1") },
  ];
}

/** Where which canary stands in which form; empty when it stands nowhere. */
export function findCanaries(place: string, content: Uint8Array, canaries: readonly Canary[]): string[] {
  const haystack = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  return canaries.flatMap((canary) =>
    formsOf(canary)
      .filter(({ needle }) => haystack.includes(needle))
      .map(({ form }) => `${canary.name} stands in ${place} (${form})`),
  );
}

/** What base64 makes of the bytes when this many stand before them, without the shared characters. */
function base64(bytes: Buffer, offset: number): Form[] {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString("base64")
    .replace(/=+$/, "");
  const whole = Math.floor(((offset + bytes.length) * 8) / 6);
  const text = encoded.slice(Math.ceil((offset * 8) / 6), whole);
  const safe = text.replaceAll("+", "-").replaceAll("/", "_");
  return [ascii(`base64 at ${offset}`, text), ascii(`base64url at ${offset}`, safe)];
}

function ascii(form: string, text: string): Form {
  return { form, needle: Buffer.from(text, "ascii") };
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

function escapeOf(letter: string): string {
  return letter.charCodeAt(0).toString(16).padStart(4, "0");
}
