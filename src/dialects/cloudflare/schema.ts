// What this wire gives, as the whitelist of each answer: what a schema does not name cannot leave the
// process. What is asked is checked in validation.ts, because its refusals are words of their own.
import { type Static, type TSchema, Type } from "typebox";

const text = Type.String();
const number = Type.Integer();

/** Text or null. Not a union: the serializer tries the branches of one by validating each. */
const nullableText = Type.Unsafe<string | null>({ type: ["string", "null"] });

function list<T extends TSchema>(items: T) {
  return Type.Unsafe<readonly Static<T>[]>(Type.Array(items));
}

const envelope = {
  success: Type.Literal(true),
  errors: list(Type.Object({})),
  messages: list(Type.Object({ code: number, message: text, type: Type.Null() })),
};

function result<T extends TSchema>(schema: T) {
  return Type.Object({ ...envelope, result: schema });
}

function page<T extends TSchema>(items: T) {
  const result_info = Type.Object({
    page: number,
    per_page: number,
    count: number,
    total_count: number,
    total_pages: number,
  });
  return Type.Object({ ...envelope, result: list(items), result_info });
}

const oneStore = Type.Object({ id: text, name: text, created: text, modified: text, account_id: text });

const oneSecret = Type.Object({
  id: text,
  store_id: text,
  name: text,
  comment: nullableText,
  scopes: list(text),
  status: text,
  created: text,
  modified: text,
});

export const stores = page(oneStore);
export const store = result(oneStore);
/** As the body came: one, or a list. */
export const storeOrStores = result(Type.Union([oneStore, list(oneStore)]));
export const secrets = page(oneSecret);
export const createdSecrets = result(list(oneSecret));
export const secret = result(oneSecret);
export const nothing = result(Type.Null());
export const quota = result(Type.Object({ secrets: Type.Object({ quota: number, usage: number }) }));

/** The answers of this API with values in them, for services alone. */
const oneValue = Type.Object({
  id: text,
  name: text,
  store_id: text,
  value: text,
  version: number,
  modified: text,
});
export const value = result(oneValue);
export const values = result(list(oneValue));

export const token = result(Type.Object({ id: text, status: text, expires_on: Type.Optional(text) }));
export const user = result(Type.Object({ id: text, email: text }));
const oneAccount = Type.Object({ id: text, name: text, type: text, created_on: text });
export const account = result(oneAccount);
export const accounts = page(oneAccount);
export const memberships = page(
  Type.Object({
    id: text,
    status: text,
    account: Type.Object({ id: text, name: text }),
    roles: list(text),
  }),
);
