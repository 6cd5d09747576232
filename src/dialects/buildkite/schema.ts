// What this wire gives, as the whitelist of each answer: what a schema does not name cannot leave the
// process. What is asked is checked in validation.ts, because its refusals are sentences of their own.
import { type Static, type TSchema, Type } from "typebox";

const text = Type.String();

/** One type or null. Not a union: the serializer tries the branches of one by validating each. */
function nullable<T extends TSchema & { readonly type: string }>(schema: T) {
  return Type.Unsafe<Static<T> | null>({ ...schema, type: [schema.type, "null"] });
}

function list<T extends TSchema>(items: T) {
  return Type.Unsafe<readonly Static<T>[]>(Type.Array(items));
}

const nullableText = nullable(text);
/** Always null: queues are not kept here. */
const never = Type.Null();
const author = nullable(Type.Object({ id: text, name: text, email: nullableText }));

export const secret = Type.Object({
  id: text,
  graphql_id: text,
  key: text,
  description: nullableText,
  policy: nullableText,
  created_at: text,
  created_by: author,
  updated_at: text,
  updated_by: author,
  last_read_at: nullableText,
  url: text,
  cluster_url: text,
  organization: Type.Object({ id: text, slug: text, url: text, web_url: text }),
});
export const secrets = list(secret);

/** The one answer of this API with a value in it. */
export const revealed = Type.Object({ key: text, value: text, uuid: text });

export const user = Type.Object({
  id: text,
  graphql_id: text,
  name: text,
  email: text,
  avatar_url: never,
  created_at: text,
});

export const accessToken = Type.Object({
  uuid: text,
  scopes: list(text),
  description: text,
  created_at: text,
  expires_at: nullableText,
  user: Type.Object({ email: nullableText, name: text }),
});

export const organization = Type.Object({
  id: text,
  graphql_id: text,
  url: text,
  web_url: text,
  name: text,
  slug: text,
  pipelines_url: text,
  agents_url: text,
  emojis_url: text,
  created_at: text,
});
export const organizations = list(organization);

const nobody = Type.Unsafe<readonly never[]>(Type.Array(Type.Object({})));

export const cluster = Type.Object({
  id: text,
  graphql_id: text,
  default_queue_id: never,
  name: text,
  description: nullableText,
  emoji: nullableText,
  color: nullableText,
  maintainers: Type.Object({ users: nobody, teams: nobody }),
  url: text,
  web_url: text,
  default_queue_url: never,
  queues_url: text,
  created_at: text,
  created_by: nullable(user),
});
export const clusters = list(cluster);
export const nothing = nobody;

export const greeting = Type.Object({ message: text, timestamp: Type.Integer() });
