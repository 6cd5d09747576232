// What bodies must be, in the words of this API: the first thing that is wrong, fields in the order of the
// contract. Values that were sent are never repeated. What is right comes out typed.
import { limits } from "../../core/limits.ts";
import { Plaintext } from "../../core/plaintext.ts";
import { characters } from "../../core/text.ts";
import { refused } from "./words.ts";

type Members = Readonly<Record<string, unknown>>;

const nameCharactersMax = 255;
const commentCharactersMax = 1_024;

/** What the service's own products are called in a secret's scopes. */
export const serviceScopes = ["workers", "ai_gateway", "dex", "access", "containers", "websearch"];

function isMembers(body: unknown): body is Members {
  return typeof body === "object" && body !== null && !Array.isArray(body);
}

function membersOf(body: unknown): Members {
  if (isMembers(body)) return body;
  throw refused("invalid_json_body");
}

/** Not empty, and each item an object. */
function itemsOf(body: unknown): readonly Members[] {
  if (!Array.isArray(body) || !body.every(isMembers)) throw refused("invalid_json_body");
  return body;
}

// ---- stores --------------------------------------------------------------------------------------

export interface StoresAsked {
  readonly names: readonly string[];
  /** The answer has the body's form. */
  readonly form: "one" | "list";
}

export function newStores(body: unknown): StoresAsked {
  if (!Array.isArray(body)) return { names: [storeName(membersOf(body), "")], form: "one" };
  const items = itemsOf(body);
  if (items.length === 0 || items.length > limits.storesBatchMax) throw refused("invalid_json_body");
  return { names: items.map((item, index) => storeName(item, `/${index}`)), form: "list" };
}

function storeName({ name = null }: Members, at: string): string {
  const pointer = `${at}/name`;
  if (name === null || name === "") throw refused("store_name_empty", pointer);
  const sound = typeof name === "string" && characters(name) <= nameCharactersMax && isName(name);
  if (!sound) throw refused("store_name_invalid", pointer);
  return name;
}

// ---- secrets -------------------------------------------------------------------------------------

export interface SecretAsked {
  readonly name: string;
  readonly value: Plaintext;
  readonly consumers: readonly string[];
  readonly description: string | null;
}

export function newSecrets(body: unknown, scopes: ReadonlySet<string>): readonly SecretAsked[] {
  const items = itemsOf(body);
  if (items.length === 0 || items.length > limits.batchMax) throw refused("invalid_json_body");
  return items.map((item, index) => {
    const name = secretName(item, { pointer: `/${index}`, suffix: "" });
    const place = { pointer: `/${index}`, suffix: `: ${name}` };
    return {
      name,
      value: secretValue(item, place),
      consumers: secretScopes(item, scopes, place),
      description: secretComment(item, place),
    };
  });
}

export function duplicate(body: unknown, scopes: ReadonlySet<string>): Omit<SecretAsked, "value"> {
  const item = membersOf(body);
  return {
    name: secretName(item, whole),
    consumers: secretScopes(item, scopes, whole),
    description: secretComment(item, whole),
  };
}

/** A patch may repeat the name of what it changes. */
export function namesSecret(body: unknown): boolean {
  return isMembers(body) && body.name !== undefined;
}

/** Absent members stay as they are. */
export function patch(
  body: unknown,
  scopes: ReadonlySet<string>,
  current: { readonly name: string } | null,
): Partial<Omit<SecretAsked, "name">> {
  const item = membersOf(body);
  const has = (member: string) => item[member] !== undefined;
  if (current !== null && item.name !== current.name) throw refused("secret_name_immutable", "/name");
  return {
    ...(has("value") ? { value: secretValue(item, whole) } : {}),
    ...(has("scopes") ? { consumers: secretScopes(item, scopes, whole) } : {}),
    ...(has("comment") ? { description: secretComment(item, whole) } : {}),
  };
}

/** Of an item in the body, and what a refusal says of it after its word. */
interface Place {
  readonly pointer: string;
  readonly suffix: string;
}

/** The body is the item. */
const whole: Place = { pointer: "", suffix: "" };

function secretName({ name = null }: Members, at: Place): string {
  const pointer = `${at.pointer}/name`;
  if (name === null || name === "") throw refused("secret_name_empty", pointer);
  const long = typeof name !== "string" || characters(name) > nameCharactersMax;
  // "." and ".." would vanish from paths.
  if (long || !isName(name) || /\s/.test(name) || name === "." || name === "..") {
    throw refused("secret_name_invalid", pointer);
  }
  return name;
}

function secretValue({ value = null }: Members, at: Place): Plaintext {
  const wrong = (word: string) => refused(`${word}${at.suffix}`, `${at.pointer}/value`);
  if (typeof value !== "string" || value === "") throw wrong("secret_value_empty");
  // It would not come back as it was sent.
  if (!value.isWellFormed()) throw wrong("secret_value_invalid");
  if (Buffer.byteLength(value) > limits.valueBytesMax) throw wrong("secret_value_too_long");
  return new Plaintext(value);
}

/** Each once, in the order in which they are shown. */
function secretScopes({ scopes = null }: Members, known: ReadonlySet<string>, at: Place): readonly string[] {
  const pointer = `${at.pointer}/scopes`;
  if (!Array.isArray(scopes) || scopes.length === 0) {
    throw refused(`secret_scopes_empty${at.suffix}`, pointer);
  }
  const named = new Set<string>();
  for (const [index, scope] of scopes.entries()) {
    if (typeof scope === "string" && known.has(scope)) named.add(scope);
    else throw refused(`secret_scope_invalid${suffix(scope)}`, `${pointer}/${index}`);
  }
  return [...named].sort();
}

function secretComment({ comment = null }: Members, at: Place): string | null {
  if (comment === null) return null;
  const wrong = (word: string) => refused(`${word}${at.suffix}`, `${at.pointer}/comment`);
  if (typeof comment !== "string" || characters(comment) > commentCharactersMax) {
    throw wrong("secret_comment_too_long");
  }
  if (!comment.isWellFormed() || comment.includes("\u0000")) throw wrong("secret_comment_invalid");
  return comment;
}

/** Ids as they were sent: what is no id of ours names nothing. */
export function deletions(body: unknown): readonly string[] {
  const items = itemsOf(body);
  if (items.length > limits.batchMax) throw refused("invalid_json_body");
  const ids = items.map(({ id }) => {
    if (typeof id !== "string") throw refused("invalid_json_body");
    return id;
  });
  return [...new Set(ids)];
}

// ---- values --------------------------------------------------------------------------------------

const namesMax = 100;

export function names(body: unknown): readonly string[] {
  const { names: asked } = membersOf(body);
  if (!Array.isArray(asked) || asked.length === 0 || asked.length > namesMax) {
    throw refused("invalid_json_body");
  }
  if (!asked.every((name) => typeof name === "string")) throw refused("invalid_json_body");
  return asked;
}

// ---- text ----------------------------------------------------------------------------------------

function isName(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  return text.isWellFormed() && !/[\u0000-\u001f\u007f-\u009f]/.test(text);
}

/** What may be said again to whoever sent it: short, and of letters that stand for nothing else. */
export function suffix(sent: unknown): string {
  return typeof sent === "string" && /^[\w.-]{1,64}$/.test(sent) ? `: ${sent}` : "";
}
