// The objects of the native API (`/v1`) as this program reads them: the members it prints or acts
// on. Members that a newer server adds pass through to `--json` untouched.
import {
  anything,
  either,
  flag,
  list,
  nullable,
  object,
  optional,
  type Shape,
  type Shaped,
  text,
  texts,
  whole,
} from "./shapes.ts";

const actor = object({ kind: text, id: text, name: text });
/** Client custody shows no names. */
const name = nullable(text);

export const whoami = object({
  principal: object({ kind: text, id: text, name: text, email: optional(nullable(text)) }),
  organization: optional(nullable(either(text, object({ id: text, slug: text })))),
  scopes: optional(nullable(list(text))),
  operator: flag,
});
export type Whoami = Shaped<typeof whoami>;

export const trust = object({
  id: text,
  name: text,
  issuer: text,
  audience: text,
  claims: anything,
  store: nullable(text),
  storeClaim: nullable(text),
  as: either(text, object({ machine: text })),
});
export type Trust = Shaped<typeof trust>;

export const explained = object({ allowed: flag, because: list(text) });

export const organization = object({
  id: text,
  slug: text,
  name,
  custody: optional(text),
  trash: optional(text),
  membersCreate: optional(flag),
});
export type Organization = Shaped<typeof organization>;

const share = object({ quota: nullable(whole), usage: whole });
export const quota = object({ secrets: share, stores: share });
export type Quota = Shaped<typeof quota>;

export const account = object({ id: text, name: text, email: text });
export type Account = Shaped<typeof account>;

const memberMembers = {
  membershipId: text,
  id: nullable(text),
  email: text,
  name: nullable(text),
  role: text,
  status: text,
};
export const member = object(memberMembers);
export type Member = Shaped<typeof member>;
export const invited = object({ ...memberMembers, invitation: text });
export const accepted = object({ person: account, token: text });

export const store = object({
  id: text,
  slug: text,
  name,
  backend: optional(text),
  createdAt: text,
  revision: whole,
});
export type Store = Shaped<typeof store>;

export const migrated = object({
  moved: whole,
  failed: whole,
  total: whole,
  there: whole,
  next: nullable(text),
});

export const backends = object({
  items: list(
    object({
      name: text,
      kind: text,
      payload: text,
      values: whole,
      pending: whole,
      owed: whole,
      oldestOwedAt: nullable(text),
      guarded: flag,
      sweptAt: nullable(text),
    }),
  ),
});

export const group = object({ id: text, name: text, createdAt: text });
export type Group = Shaped<typeof group>;

export const groupMember = object({ id: text, name: text, email: text });

export const machine = object({
  id: text,
  name,
  createdAt: text,
  createdBy: nullable(actor),
  changedAt: text,
});
export type Machine = Shaped<typeof machine>;

export const service = object({
  id: text,
  name: text,
  stores: nullable(list(text)),
  createdAt: text,
  createdBy: nullable(actor),
});
export type Service = Shaped<typeof service>;

const party = object({ kind: text, id: text });
export const grant = object({ subject: party, object: party, level: text });
export type Grant = Shaped<typeof grant>;
export type Party = Shaped<typeof party>;

const secretMembers = {
  id: text,
  storeId: text,
  name,
  description: nullable(text),
  policy: nullable(text),
  consumers: nullable(list(text)),
  labels: nullable(texts),
  annotations: nullable(texts),
  version: whole,
  status: text,
  createdAt: text,
  createdBy: nullable(actor),
  updatedAt: nullable(text),
  updatedBy: nullable(actor),
  lastReadAt: nullable(text),
  expiresAt: nullable(text),
  revision: whole,
};
export const secret = object(secretMembers);
export type Secret = Shaped<typeof secret>;

export const trashed = object({
  ...secretMembers,
  deletedAt: nullable(text),
  deletedBy: nullable(actor),
  purgeAt: nullable(text),
});
export type Trashed = Shaped<typeof trashed>;

export const version = object({
  version: whole,
  createdAt: text,
  createdBy: nullable(actor),
  current: flag,
});
export type Version = Shaped<typeof version>;

export const value = object({ name, version: whole, value: text });
export type Value = Shaped<typeof value>;

const refusedValue = object({ name, error: object({ code: text, message: text }) });
export const values = object({ items: list(either(value, refusedValue)) });
export type Values = Shaped<typeof values>;

const tokenMembers = {
  id: text,
  principal: object({ kind: text, id: text, name }),
  name: text,
  scopes: nullable(list(text)),
  stores: nullable(list(text)),
  addresses: nullable(list(text)),
  expiresAt: nullable(text),
  lastUsedAt: nullable(text),
  createdAt: text,
};
export const token = object(tokenMembers);
export const mintedToken = object({ ...tokenMembers, token: text });
export const startedJob = object({ token: text, expiresAt: text });

const termMembers = {
  term: whole,
  id: text,
  state: text,
  rootKeyId: text,
  sealsReserved: whole,
  createdAt: text,
};
export const keyStatus = object({
  terms: list(object({ ...termMembers, versions: whole })),
  progress: object({ total: whole, done: whole }),
});
export type KeyStatus = Shaped<typeof keyStatus>;

export const installationKeys = object({
  terms: list(object(termMembers)),
  rootKeys: list(
    object({
      id: text,
      state: text,
      keys: whole,
      held: flag,
      provider: nullable(text),
      providerKeyId: nullable(text),
      addedAt: text,
    }),
  ),
  nodes: list(object({ id: text, name: text, rootKeys: list(text), seenAt: text })),
  progress: object({ total: whole, done: whole }),
});
export type InstallationKeys = Shaped<typeof installationKeys>;

export const rewrapped = object({ moved: whole, damaged: whole, ended: flag, left: flag });
export type Rewrapped = Shaped<typeof rewrapped>;

export const auditEntry = object({
  stream: text,
  seq: whole,
  at: text,
  caller: object({ kind: text, id: text, name: text, tokenId: nullable(text) }),
  dialect: text,
  action: text,
  target: nullable(object({ kind: text, id: nullable(text), name: nullable(text) })),
  outcome: text,
});
export type AuditEntry = Shaped<typeof auditEntry>;

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

export function page<T>(item: Shape<T>): Shape<Page<T>> {
  const envelope = object({ items: list(item), nextCursor: nullable(text) });
  return (answer): answer is Page<T> => envelope(answer);
}

export const errorBody = object({
  error: object({
    code: text,
    message: text,
    requestId: optional(nullable(text)),
    details: optional(anything),
  }),
});

export const accessToken = object({ id: text, accessToken: text });
export const madeMachine = object({ id: text });
export const clientToken = object({ id: text, clientSecret: text });
/** Of the Bitwarden API. */
export const foreignError = object({ message: text, object: text });
