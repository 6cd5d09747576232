// Where the configuration is written: the file, the variables, the flags. One table names every key;
// whatever is not in it is an error that names the nearest. It knows what kind each value is of, not
// what it means.
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { nearest } from "../core/nearest.ts";
import { type Key, keys, type ServeFlags, type Value, type Values } from "./config-keys.ts";

export type { ServeFlags, Value, Values } from "./config-keys.ts";

export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

export type Environment = Readonly<Record<string, string | undefined>>;
/** Read by the CLI or by tests, not by the server; no reason to warn of them. */
const otherVariables = /^COFFER_(CONFIG|URL|TOKEN|CA|ORG|STORE|TEST_.*|CI_.*)$/;

export function defaults(): Values {
  const entries = Object.entries(keys).map(([name, { otherwise }]) => [name, otherwise]);
  return Object.fromEntries(entries) as Values; // each key of the table, and no other
}

function* table(): Generator<[keyof typeof keys, Key]> {
  for (const name of Object.keys(keys) as (keyof typeof keys)[]) yield [name, keys[name]];
}

export function readConfigFile(path: string): Partial<Values> {
  let document: unknown;
  try {
    document = parse(readFileSync(path, "utf8"), { uniqueKeys: true, maxAliasCount: 0 });
  } catch (cause) {
    const reason =
      cause instanceof Error && "code" in cause && cause.code === "ENOENT"
        ? "is not there"
        : "is not valid YAML";
    throw new ConfigError(`The configuration file ${path} ${reason}.`, { cause });
  }
  const found = flatten(path, document ?? {}, "");
  const values: Partial<Values> = {};
  const known = new Map<string, keyof typeof keys>();
  for (const [name, { file }] of table()) if (file !== null) known.set(file, name);
  for (const [key, value] of found) {
    const name = known.get(key);
    if (name === undefined) throw unknownKey(`${path}: "${key}"`, nearest(key, [...known.keys()]));
    values[name] = typed(`${path}: "${key}"`, keys[name], value);
  }
  return values;
}

function flatten(path: string, value: unknown, prefix: string): Map<string, unknown> {
  const flat = new Map<string, unknown>();
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ConfigError(
      `${path}: ${prefix === "" ? "the file" : `"${prefix}"`} must hold keys and values.`,
    );
  }
  for (const [key, member] of Object.entries(value)) {
    const name = prefix === "" ? key : `${prefix}.${key}`;
    if (typeof member === "object" && member !== null && !Array.isArray(member) && !isSettings(name)) {
      for (const [inner, leaf] of flatten(path, member, name)) flat.set(inner, leaf);
    } else flat.set(name, member);
  }
  return flat;
}

function isSettings(name: string): boolean {
  for (const [, { file, kind }] of table()) {
    if (file === name) return kind === "settings" || kind === "entries";
  }
  return false;
}

export function environmentLayer(env: Environment): Partial<Values> {
  const values: Partial<Values> = {};
  for (const [name, key] of table()) {
    const text = env[key.env];
    if (text !== undefined) values[name] = typed(key.env, key, text);
  }
  return values;
}

export function flagLayer(flags: ServeFlags): Partial<Values> {
  const values: Partial<Values> = {};
  for (const [name, key] of table()) {
    const given = key.flag === null ? undefined : flags[key.flag];
    if (given !== undefined)
      values[name] = typed(
        `--${key.flag?.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
        key,
        given,
      );
  }
  return values;
}

const kinds = {
  text: "text that is not empty",
  "yes or no": "true or false",
  list: "a list of texts",
  number: "a whole number from 1 to 1000000",
  decimal: "a number from 0 to 10000000",
  entries: "names with keys and values below them, or the same as JSON in a variable",
  settings: "names with texts, or NAME=VALUE,NAME=VALUE in variables and flags",
} as const;

function typed(where: string, { kind }: Key, value: unknown): NonNullable<Value> {
  if (kind === "text" && typeof value === "string" && value !== "") return value;
  if (kind === "yes or no") {
    if (typeof value === "boolean") return value;
    if (value === "true" || value === "1") return true;
    if (value === "false" || value === "0") return false;
  }
  if (kind === "number") {
    const number = typeof value === "string" && /^\d{1,7}$/.test(value) ? Number(value) : value;
    if (typeof number === "number" && Number.isInteger(number) && number >= 1 && number <= 1_000_000)
      return number;
  }
  if (kind === "list") {
    const items: readonly unknown[] | null =
      typeof value === "string"
        ? value.split(",").map((item) => item.trim())
        : Array.isArray(value)
          ? value
          : null;
    if (items?.every((item) => typeof item === "string")) return items;
  }
  if (kind === "decimal") {
    const number = typeof value === "string" && /^\d{1,8}(\.\d{1,6})?$/.test(value) ? Number(value) : value;
    if (typeof number === "number" && number >= 0 && number <= 10_000_000) return number;
  }
  if (kind === "entries") {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    if (isEntries(text)) return text;
  }
  if (kind === "settings") {
    const items = typeof value === "string" ? value.split(",").map((item) => item.trim()) : written(value);
    if (items?.every((item) => /^[A-Za-z]+=./.test(item))) return items;
  }
  throw new ConfigError(`${where} must be ${kinds[kind]}.`);
}

function isEntries(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function written(value: unknown): readonly string[] | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const entries = Object.entries(value);
  return entries.every(([, text]) => typeof text === "string")
    ? entries.map(([name, text]) => `${name}=${text}`)
    : null;
}

export function unknownVariables(env: Environment): string[] {
  const known = [...table()].map(([, key]) => key.env);
  return Object.keys(env)
    .filter((name) => name.startsWith("COFFER_") && !known.includes(name) && !otherVariables.test(name))
    .map((name) => `${name} is not a variable of this server; the nearest is ${nearest(name, known)}.`);
}

function unknownKey(what: string, suggestion: string): ConfigError {
  return new ConfigError(`${what} is not a key of the configuration. Did you mean "${suggestion}"?`);
}
