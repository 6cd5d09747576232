// What this wire gives, as the whitelist of each answer: what a schema does not name cannot leave the
// process. A value is in none of them. What is asked is checked in validation.ts.
import { Type } from "typebox";

const text = Type.String();

/** What has no value is left out: the published types know no null. */
export const secret = Type.Object({
  id: text,
  account_id: text,
  cloud_secret_path: text,
  created_at: text,
  created_by: Type.Object({ id: text, type: text, object: text }),
  key: text,
  description: Type.Optional(text),
  object: text,
  updated_at: Type.Optional(text),
  updated_by: Type.Optional(text),
});

export const secrets = Type.Object({
  items: Type.Array(secret),
  has_more: Type.Boolean(),
  total: Type.Integer(),
  limit: Type.Integer(),
  object: text,
});
