// The words of the access model. Tokens narrow to them, audit names them, `authorize` decides them.

export const actions = [
  "organization.create",
  "organization.read",
  "organization.manage",
  "store.list",
  "store.read",
  "store.create",
  "store.update",
  "store.delete",
  "secret.list",
  "secret.read",
  "secret.reveal",
  "secret.create",
  "secret.update",
  "secret.write",
  "secret.delete",
  "secret.restore",
  "secret.purge",
  "audit.read",
] as const;

export type Action = (typeof actions)[number];

/** What the server itself writes into the audit trail; no caller can be granted these. */
export const systemActions = [
  "installation.create",
  "token.recover",
  "trash.purge",
  "audit.open",
  "audit.close",
] as const;

export type AuditAction = Action | (typeof systemActions)[number];
