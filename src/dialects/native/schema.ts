// The wire of the native API: what it takes and what it gives, as schemas which make the types, the
// checks, the whitelist of each answer and the OpenAPI document. Bounds of the domain are the core's;
// here is form alone. Keeps: what an answer's schema does not name cannot leave the process.
import { type Static, type TProperties, type TSchema, Type } from "typebox";
import { callerKinds } from "../../core/caller.ts";
import { changeKinds } from "../../core/changes.ts";
import { errorCodes } from "../../core/errors.ts";

// ---- parts -------------------------------------------------------------------------------------

export const text = Type.String();
export const whole = Type.Integer();

/** RFC 3339; answers are in UTC with milliseconds. */
export const time = Type.String({ examples: ["2026-01-31T12:00:00.000Z"] });

/** What is asked may have no member but these. */
export function strict<P extends TProperties>(properties: P) {
  return Type.Object(properties, { additionalProperties: false });
}

/** One type or null. Not a union: the serializer tries the branches of one by validating each. */
export function nullable<T extends TSchema & { readonly type: string }>(schema: T) {
  return Type.Unsafe<Static<T> | null>({ ...schema, type: [schema.type, "null"] });
}

export function list<T extends TSchema>(items: T) {
  const schema = Type.Array(items);
  return Object.assign(Type.Unsafe<readonly Static<T>[]>(schema), { type: schema.type });
}

/** Any keys, text values. `Type.Record` would let keys with line breaks pass unchecked. */
const texts = Object.assign(
  Type.Unsafe<Readonly<Record<string, string>>>({ type: "object", additionalProperties: text }),
  { type: "object" as const },
);

export function oneOf<T extends string>(values: readonly T[]) {
  return Type.Unsafe<T>({ type: "string", enum: [...values] });
}

const optionalText = Type.Optional(text);
const optionalNullableText = Type.Optional(nullable(text));

export function page<T extends TSchema>(items: T) {
  return Type.Object({ items: list(items), nextCursor: nullable(text) });
}

// ---- what is given -----------------------------------------------------------------------------

export const actor = Type.Object({ kind: oneOf(callerKinds), id: text, name: text });

export const whoami = Type.Object({
  principal: Type.Object({ kind: text, id: text, name: text, email: optionalText }),
  /** The one organization that the token is bound to. */
  organization: nullable(Type.Object({ id: text, slug: text })),
  scopes: nullable(list(text)),
  operator: Type.Boolean(),
});

const custody = oneOf(["server", "client"]);
const trashRule = oneOf(["dialect", "always", "never"]);
export const explainRequest = strict({
  principal: Type.Optional(
    strict({ kind: Type.Enum(["person", "machine", "service"]), id: Type.String({ format: "uuid" }) }),
  ),
  claims: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  action: text,
  store: Type.Optional(text),
  secret: Type.Optional(text),
});
export const explained = Type.Object({ allowed: Type.Boolean(), because: list(text) });

const requiredClaims = Type.Record(Type.String(), Type.Union([text, list(text)]));
const publicKeys = list(Type.Record(Type.String(), Type.Unknown()));
const namedStore = strict({ store: text, value: text });
const trustAs = Type.Union([Type.Literal("job"), strict({ machine: text })]);
export const newTrust = strict({
  name: text,
  issuer: text,
  audience: optionalNullableText,
  jwks: Type.Optional(
    strict({
      discovery: Type.Optional(Type.Boolean()),
      url: Type.Optional(text),
      file: Type.Optional(text),
      keys: Type.Optional(publicKeys),
    }),
  ),
  claims: requiredClaims,
  store: optionalNullableText,
  storeClaim: optionalNullableText,
  stores: Type.Optional(list(Type.Union([text, namedStore]))),
  as: trustAs,
});
export const trustPatch = strict({ name: text });
export const trust = Type.Object({
  id: text,
  name: text,
  issuer: text,
  audience: text,
  jwks: Type.Object({
    discovery: Type.Optional(Type.Boolean()),
    url: Type.Optional(text),
    file: Type.Optional(text),
    keys: Type.Optional(publicKeys),
  }),
  claims: Type.Record(Type.String(), list(text)),
  store: nullable(text),
  storeClaim: nullable(text),
  stores: nullable(list(Type.Object({ store: text, value: text }))),
  as: Type.Union([Type.Literal("job"), Type.Object({ machine: text })]),
});

const quotaLimit = nullable(Type.Integer({ minimum: 0 }));

export const organization = Type.Object({
  id: text,
  slug: text,
  name: text,
  custody,
  trash: trashRule,
  membersCreate: Type.Boolean(),
  limits: Type.Object({ secrets: quotaLimit, stores: quotaLimit }),
  createdAt: time,
  revision: whole,
});

const quotaItem = Type.Object({ quota: nullable(whole), usage: whole });
export const quota = Type.Object({ secrets: quotaItem, stores: quotaItem });

export const store = Type.Object({
  id: text,
  slug: text,
  name: nullable(text),
  backend: text,
  createdAt: time,
  revision: whole,
});

const secretMembers = {
  id: text,
  organizationId: text,
  storeId: text,
  /** Null where clients seal names (client custody). */
  name: nullable(text),
  description: nullable(text),
  policy: nullable(text),
  consumers: nullable(list(text)),
  labels: nullable(texts),
  annotations: nullable(texts),
  /** 0: no value yet. */
  version: whole,
  status: oneOf(["pending", "active", "trashed", "deleting"]),
  createdAt: time,
  createdBy: actor,
  updatedAt: nullable(time),
  updatedBy: nullable(actor),
  lastReadAt: nullable(time),
  expiresAt: nullable(time),
  revision: whole,
};
export const secret = Type.Object(secretMembers);

const tokenMembers = {
  id: text,
  /** A machine's name is null where clients seal names (client custody). */
  principal: Type.Object({ kind: oneOf(callerKinds), id: text, name: nullable(text) }),
  name: text,
  /** Null: all that the principal may do. */
  scopes: nullable(list(text)),
  /** Ids. Null: every store. */
  stores: nullable(list(text)),
  /** Null: accepted from everywhere. */
  addresses: nullable(list(text)),
  expiresAt: nullable(time),
  lastUsedAt: nullable(time),
  createdAt: time,
};
export const token = Type.Object(tokenMembers);

export const mintedToken = Type.Object({ ...tokenMembers, token: text });

export const startedJob = Type.Object({ token: text, expiresAt: time });

export const trashed = Type.Object({
  ...secretMembers,
  deletedAt: nullable(time),
  deletedBy: nullable(actor),
  purgeAt: nullable(time),
});

export const version = Type.Object({
  version: whole,
  createdAt: time,
  createdBy: actor,
  current: Type.Boolean(),
});

export const value = Type.Object({ name: text, version: whole, value: text });

const itemError = Type.Object({ code: oneOf(errorCodes), message: text });

/** Either version and value, or an error. One object, not a union, for the serializer's sake. */
const valueItem = Type.Object(
  {
    name: text,
    version: Type.Optional(whole),
    value: optionalText,
    error: Type.Optional(itemError),
  },
  { description: "Version and value, or the error of this item alone." },
);
export const values = Type.Object({ items: list(valueItem) });

const change = Type.Object({
  revision: whole,
  at: time,
  kind: oneOf(changeKinds),
  storeId: nullable(text),
  secretId: nullable(text),
  name: nullable(text),
});
export const changes = Type.Object({ items: list(change), revision: whole });

export const outcome = oneOf(["allowed", "refused", "failed"]);

export const auditEntry = Type.Object({
  stream: text,
  seq: whole,
  at: time,
  organizationId: nullable(text),
  caller: Type.Object({ kind: text, id: text, name: text, tokenId: nullable(text) }),
  dialect: text,
  action: text,
  target: Type.Object({
    kind: text,
    id: nullable(text),
    name: nullable(text),
    storeId: nullable(text),
  }),
  outcome,
  because: nullable(text),
  details: Type.Unsafe<Readonly<Record<string, unknown>> | null>({
    type: ["object", "null"],
    additionalProperties: true,
  }),
  address: nullable(text),
  requestId: nullable(text),
});

export const error = Type.Object({
  error: Type.Object({
    code: oneOf(errorCodes),
    message: text,
    requestId: text,
    details: Type.Object({
      field: optionalText,
      rule: optionalText,
      limit: Type.Optional(whole),
      index: Type.Optional(whole),
      revision: Type.Optional(whole),
      line: Type.Optional(whole),
      nearest: optionalText,
      allowed: Type.Optional(list(text)),
    }),
  }),
});

/** The objects that the document names; the rest it writes out where they stand. */
export const components: Readonly<Record<string, TSchema>> = {
  Whoami: whoami,
  Organization: organization,
  Quota: quota,
  Store: store,
  Secret: secret,
  Token: token,
  MintedToken: mintedToken,
  TrashedSecret: trashed,
  Version: version,
  Value: value,
  ValueItem: valueItem,
  Change: change,
  AuditEntry: auditEntry,
  Actor: actor,
  Error: error,
};

// ---- what is asked -----------------------------------------------------------------------------

export const noQuery = strict({});

/** A route that takes no body takes none, or an empty object. */
export const noBody = Type.Unsafe<Record<string, never> | null>({
  type: ["object", "null"],
  additionalProperties: false,
});

export const paging = {
  limit: Type.Optional(Type.String({ description: "1 to 1000; 100 where it is absent." })),
  cursor: Type.Optional(Type.String({ description: "`nextCursor` of the page before." })),
};

/** `?by=name`: the last part of the path is a name, even where it looks like an id. */
export const by = { by: Type.Optional(oneOf(["name"])) };

export const newOrganization = strict({ slug: text, name: text, custody: Type.Optional(custody) });

export const organizationPatch = strict({
  name: optionalText,
  trash: Type.Optional(trashRule),
  membersCreate: Type.Optional(Type.Boolean()),
  limits: Type.Optional(strict({ secrets: Type.Optional(quotaLimit), stores: Type.Optional(quotaLimit) })),
});

export const newStore = strict({ name: text, slug: optionalNullableText, backend: optionalNullableText });
/** Settings by which single dialects go. */
const storeSettings = strict({ "scale.keyRule": Type.Optional(Type.Enum(["newer", "legacy"])) });
export const storePatch = strict({
  name: optionalText,
  attributes: Type.Optional(storeSettings),
  backend: optionalText,
});
export const forcedRemoval = strict({ force: optionalText });

const narrowing = {
  name: text,
  scopes: Type.Optional(nullable(list(text))),
  expiresAt: optionalNullableText,
  addresses: Type.Optional(nullable(list(text))),
};
export const newOwnToken = strict(narrowing);
export const newToken = strict({
  principal: strict({ kind: oneOf(["person", "machine", "service"]), id: text }),
  ...narrowing,
  stores: Type.Optional(nullable(list(text))),
});

export const newJob = strict({
  jobId: text,
  /** Which there are and what they may hold, the core says. */
  claims: Type.Unsafe<Readonly<Record<string, unknown>>>({ type: "object", additionalProperties: true }),
  ttlSeconds: Type.Optional(nullable(whole)),
});

const metadata = {
  description: optionalNullableText,
  policy: optionalNullableText,
  consumers: Type.Optional(nullable(list(text))),
  labels: Type.Optional(nullable(texts)),
  annotations: Type.Optional(nullable(texts)),
  expiresAt: optionalNullableText,
};
/** `value: null` is the same as no value. */
export const newSecret = strict({ name: text, value: optionalNullableText, ...metadata });
export const secretPatch = strict({ name: optionalText, value: optionalNullableText, ...metadata });
export const newValue = strict({ value: text });
export const secretRemoval = strict({ ...by, purge: optionalText });

const { description, policy, consumers, expiresAt } = metadata;
export const duplicate = strict({
  name: text,
  store: optionalNullableText,
  description,
  policy,
  consumers,
  expiresAt,
});
export const move = strict({ store: text, name: optionalNullableText });

export const secretFilter = {
  search: Type.Optional(Type.String({ description: "Part of the name or description, case apart." })),
  label: Type.Optional(
    Type.Union([text, Type.Array(text)], { description: "KEY=VALUE; repeated, all must hold." }),
  ),
  order: Type.Optional(oneOf(["created", "updated", "name", "description", "status"])),
  direction: Type.Optional(oneOf(["asc", "desc"])),
};

export const valueQuery = strict({ ...by, version: optionalText });
export const names = strict({ names: Type.Array(text) });

export const trashRestore = nullable(strict({ name: optionalNullableText }));
