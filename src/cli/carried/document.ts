// Secrets in a file of JSON or YAML, with all that is said of them: written so that every byte comes back,
// and read strictly. No message repeats what stands in the file.
import { parseDocument, Scalar, stringify, visit } from "yaml";
import type { SecretFields } from "../client.ts";
import { type Failure, usage } from "../failure.ts";
import { list, nullable, object, optional, parseJson, type Shaped, text, texts } from "../shapes.ts";

export const documentFormat = "coffer/secrets/1";

/** A member that is absent is left as it is by an import; null takes it away. */
export type CarriedSecret = SecretFields & { readonly name: string };

const carried = object({
  name: text,
  value: optional(text),
  description: optional(nullable(text)),
  policy: optional(nullable(text)),
  consumers: optional(nullable(list(text))),
  labels: optional(nullable(texts)),
  annotations: optional(nullable(texts)),
  expiresAt: optional(nullable(text)),
});
const members = ["name", "value", "description", "policy", "consumers", "labels", "annotations", "expiresAt"];

/** How a document begins, each secret in it, and its end. */
export interface Style {
  readonly begin: string;
  item(secret: CarriedSecret, first: boolean): string;
  end(empty: boolean): string;
}

export const jsonStyle: Style = {
  begin: `{\n  "format": ${JSON.stringify(documentFormat)},\n  "secrets": [`,
  item: (secret, first) => `${first ? "\n" : ",\n"}${indented(JSON.stringify(secret, null, 2))}`,
  end: (empty) => (empty ? "]\n}\n" : "\n  ]\n}\n"),
};

/** Only the line ends that JSON has made: a text may hold others. */
function indented(json: string): string {
  return `    ${json.replaceAll("\n", "\n    ")}`;
}

export const yamlStyle: Style = {
  begin: `format: ${documentFormat}\nsecrets:`,
  item: (secret, first) => `${first ? "\n" : ""}${stringify([withBlocks(secret)], yamlOptions)}`,
  end: (empty) => (empty ? " []\n" : ""),
};

// Folded lines and plain texts are where YAML's readers differ; texts in quotes say what they are.
const yamlOptions = {
  lineWidth: 0,
  defaultStringType: "QUOTE_DOUBLE",
  defaultKeyType: "PLAIN",
  aliasDuplicateObjects: false,
} as const;

/** A policy and the like stand as the lines that they are, where nothing in them could be read otherwise. */
function withBlocks(secret: CarriedSecret): object {
  return Object.fromEntries(
    Object.entries(secret).map(([member, value]) => {
      if (typeof value !== "string" || !/^[!-~][ -~\n]*\n$/.test(value)) return [member, value];
      const block = new Scalar(value);
      block.type = "BLOCK_LITERAL";
      return [member, block];
    }),
  );
}

export function parseJsonDocument(source: string): readonly CarriedSecret[] {
  const value = parseJson(source);
  if (value === undefined) throw usage("the file is not JSON");
  if (repeatsMember(source)) throw usage("an object of the file has a member twice");
  return secretsOf(value);
}

export function parseYamlDocument(source: string): readonly CarriedSecret[] {
  const document = parseDocument(source, { schema: "core", version: "1.2", stringKeys: true });
  const [wrong] = [...document.errors, ...document.warnings];
  if (wrong !== undefined)
    throw usage(`line ${wrong.linePos?.[0].line ?? 1} of the file is not YAML as it is read here`);
  visit(document, {
    Alias: () => {
      throw usage("the file has an alias; say each thing where it stands");
    },
  });
  const value: unknown = document.toJS();
  return secretsOf(value);
}

function secretsOf(value: unknown): readonly CarriedSecret[] {
  const whole = object({ format: text, secrets: list((item): item is unknown => item !== undefined) });
  if (!whole(value) || value.format !== documentFormat) {
    throw usage(`the file does not say "format": "${documentFormat}", or has no list of secrets`);
  }
  const names = new Set<string>();
  return value.secrets.map((item, index) => {
    const secret = secretOf(item, index + 1);
    if (names.has(secret.name)) throw wrongItem(index + 1, "has the name of one before it");
    names.add(secret.name);
    return secret;
  });
}

function secretOf(item: unknown, number: number): CarriedSecret {
  if (!carried(item))
    throw wrongItem(number, `is not a name with ${members.slice(1).join(", ")}; texts are in quotes`);
  if (Object.keys(item).some((member) => !members.includes(member)))
    throw wrongItem(number, "has a member that is none of a secret's");
  const { name, ...rest }: Shaped<typeof carried> = item;
  return { name, ...definedOf(rest) };
}

/** Without members that are not there. */
function definedOf<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const there = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(there) as { [K in keyof T]: Exclude<T[K], undefined> };
}

function wrongItem(number: number, what: string): Failure {
  return usage(`secret ${number} of the file ${what}`);
}

/** Of a text that is JSON: its own parser takes the last of two members of one name. */
function repeatsMember(source: string): boolean {
  const open: (Set<string> | null)[] = [];
  let last = "";
  for (const [token] of source.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:]/g)) {
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(null);
    else if (token === "}" || token === "]") open.pop();
    else if (token !== ":") last = token;
    else {
      const names = open.at(-1);
      const name: unknown = JSON.parse(last);
      if (names?.has(String(name))) return true;
      names?.add(String(name));
    }
  }
  return false;
}
