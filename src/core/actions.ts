// The words of the access model. Tokens narrow to them, audit names them, `authorize` decides them.

export const actions = [
  "organization.create",
  "organization.read",
  "organization.manage",
  "organization.delete",
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
  "grant.read",
  "grant.manage",
  "people.read",
  "people.manage",
  "group.read",
  "group.manage",
  "machine.create",
  "machine.read",
  "machine.manage",
  "service.read",
  "service.manage",
  "token.read",
  "token.manage",
  "trust.read",
  "trust.manage",
  "job.manage",
  "key.read",
  "key.manage",
  "audit.read",
  "metrics.read",
] as const;

export type Action = (typeof actions)[number];

/** What the server itself writes into the audit trail; no caller can be granted these. */
export const systemActions = [
  "installation.create",
  "token.recover",
  "invitation.accept",
  "session.open",
  "authentication.refused",
  "refusals.counted",
  "trash.purge",
  "key.renew",
  "key.reseal",
  "key.retire",
  "audit.open",
  "audit.close",
  "audit.remove",
  "audit.restate",
] as const;

export type AuditAction = Action | (typeof systemActions)[number];
