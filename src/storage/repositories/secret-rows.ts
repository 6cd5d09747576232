// A secret as it lies in its row, and back. Rows never leave storage.
import { hash } from "node:crypto";
import type { Actor } from "../../core/caller.ts";
import type { Labels, Secret, SecretState } from "../../core/secrets/secret.ts";
import type { Attributes } from "../../core/stores/store.ts";
import { fold } from "../../core/text.ts";
import type { SqlValue } from "../sql.ts";
import { json, jsonOrNull, parsed, parsedOrNull } from "./columns.ts";

export interface SecretRow {
  id: string;
  organization_id: string;
  store_id: string;
  name: string;
  state: SecretState;
  revision: number;
  version: number;
  version_id: string | null;
  backend: string;
  created_at: number;
  created_by: string;
  updated_at: number | null;
  updated_by: string | null;
  last_read_at: number | null;
  expires_at: number | null;
  deleted_at: number | null;
  deleted_by: string | null;
  purge_at: number | null;
  orphaned: number;
  consumers: string | null;
  labels: string | null;
  attributes: string;
  annotations: string | null;
  policy: string | null;
  description: string | null;
}

/** What a secret is made of, with `secrets` read under the name s. */
export const secretColumns = `s.id, s.organization_id, s.store_id, s.name, s.state, s.revision, s.version,
  s.version_id, s.created_at, s.created_by, s.updated_at, s.updated_by, s.last_read_at, s.expires_at,
  s.deleted_at, s.deleted_by, s.purge_at, s.orphaned, s.consumers, s.labels, s.attributes, s.annotations,
  s.policy, s.description, s.backend`;

export function secretOf(row: SecretRow): Secret {
  return {
    id: row.id,
    organizationId: row.organization_id,
    storeId: row.store_id,
    name: row.name,
    description: row.description,
    policy: row.policy,
    consumers: parsedOrNull<readonly string[]>(row.consumers),
    labels: parsedOrNull<Labels>(row.labels),
    annotations: parsedOrNull<Labels>(row.annotations),
    attributes: parsed<Attributes>(row.attributes),
    state: row.state,
    version: row.version,
    versionId: row.version_id,
    backend: row.backend,
    createdAt: row.created_at,
    createdBy: parsed<Actor>(row.created_by),
    updatedAt: row.updated_at,
    updatedBy: parsedOrNull<Actor>(row.updated_by),
    lastReadAt: row.last_read_at,
    expiresAt: row.expires_at,
    deletedAt: row.deleted_at,
    deletedBy: parsedOrNull<Actor>(row.deleted_by),
    purgeAt: row.purge_at,
    orphaned: row.orphaned === 1,
    revision: row.revision,
  };
}

/** What an update writes; `secretValues` gives the values in this order, after the id. */
export const changeableColumns = [
  "store_id",
  "name",
  "name_fold",
  "state",
  "revision",
  "version",
  "version_id",
  "updated_at",
  "updated_by",
  "expires_at",
  "deleted_at",
  "deleted_by",
  "purge_at",
  "orphaned",
  "consumers",
  "labels",
  "attributes",
  "annotations",
  "policy",
  "description",
  "backend",
  "search_text",
] as const;

export function secretValues(secret: Secret): SqlValue[] {
  return [
    secret.storeId,
    secret.name,
    nameFold(secret.name),
    secret.state,
    secret.revision,
    secret.version,
    secret.versionId,
    secret.updatedAt,
    jsonOrNull(secret.updatedBy),
    secret.expiresAt,
    secret.deletedAt,
    jsonOrNull(secret.deletedBy),
    secret.purgeAt,
    secret.orphaned ? 1 : 0,
    jsonOrNull(secret.consumers),
    jsonOrNull(secret.labels),
    json(secret.attributes),
    jsonOrNull(secret.annotations),
    secret.policy,
    secret.description,
    secret.backend,
    fold(`${secret.name}\n${secret.description ?? ""}`),
  ];
}

/**
 * By which names that differ in letter case alone are found. Hashed, because 500 characters may fold
 * to 3,000 bytes, more than a row of PostgreSQL's index can be sure to hold.
 */
export function nameFold(name: string): string {
  return hash("sha256", fold(name), "base64url");
}
