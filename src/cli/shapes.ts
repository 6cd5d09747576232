// Checks for JSON that comes from outside: a server's answer, the credentials file. A shape is a
// type guard, so what passed it needs no cast; members it does not name are left as they came.

export type Shape<T> = (value: unknown) => value is T;
export type Shaped<S> = S extends Shape<infer T> ? T : never;

type Members = Readonly<Record<string, Shape<unknown>>>;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export const text: Shape<string> = (value) => typeof value === "string";
export const flag: Shape<boolean> = (value) => typeof value === "boolean";
export const anything: Shape<unknown> = (value): value is unknown => value !== undefined;

export function whole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return (value): value is T | null => value === null || shape(value);
}

export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value): value is T | undefined => value === undefined || shape(value);
}

export function either<A, B>(one: Shape<A>, other: Shape<B>): Shape<A | B> {
  return (value): value is A | B => one(value) || other(value);
}

export function list<T>(item: Shape<T>): Shape<readonly T[]> {
  return (value): value is readonly T[] => Array.isArray(value) && value.every((each) => item(each));
}

export function texts(value: unknown): value is Readonly<Record<string, string>> {
  return isRecord(value) && Object.values(value).every((each) => typeof each === "string");
}

export function object<M extends Members>(members: M): Shape<{ readonly [K in keyof M]: Shaped<M[K]> }> {
  return (value): value is { readonly [K in keyof M]: Shaped<M[K]> } =>
    isRecord(value) && Object.entries(members).every(([name, shape]) => shape(value[name]));
}

/** Parsed text, or undefined where it is not JSON: what it should have been the caller's shape says. */
export function parseJson(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch {
    return undefined;
  }
}
