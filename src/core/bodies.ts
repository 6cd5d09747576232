// Every body by its name, so that a writer or reader on another thread finds what it is asked to
// run. A body that is not listed here cannot run; a test holds the list against the sources.
import { listAudit, saveHead } from "./audit/operations.ts";
import {
  auditPage,
  dueStreams,
  newestHeadAt,
  recordRemoval,
  removalStanding,
  removeRecorded,
  restateDigests,
} from "./audit/retention.ts";
import { findCredential } from "./credentials.ts";
import { explainAccess } from "./explain/explain.ts";
import { listChanges } from "./feed.ts";
import {
  createInstallation,
  readKeys,
  readOrganizationKeys,
  recoverOwner,
  reserveSeals,
} from "./installation.ts";
import { recordRefusals } from "./operation.ts";
import { createOrganization } from "./organizations/create.ts";
import { findOrganization } from "./organizations/directory.ts";
import { getOrganization, listOrganizations } from "./organizations/read.ts";
import { updateOrganization } from "./organizations/update.ts";
import { whoami } from "./organizations/whoami.ts";
import type { Command, Query } from "./ports.ts";
import { createSecrets } from "./secrets/create.ts";
import { duplicateSecret, findDuplicateSource } from "./secrets/duplicate.ts";
import { findFoldedSecret, getSecret, listSecrets, positionOfSecret } from "./secrets/list.ts";
import { recordReveals } from "./secrets/record.ts";
import { removeSecrets } from "./secrets/remove.ts";
import { prepareBatch, prepareReveal } from "./secrets/reveal.ts";
import { purgeTrashed, restoreSecret, sweepTrash } from "./secrets/trash.ts";
import { updateSecret } from "./secrets/update.ts";
import { findPastValue, listVersions, restoreVersion } from "./secrets/versions.ts";
import { createStore } from "./stores/create.ts";
import { getStore, listStores } from "./stores/read.ts";
import { removeStore } from "./stores/remove.ts";
import { updateStore } from "./stores/update.ts";

/** A body whose input only its own caller knows; the names were checked where it was called. */
export type AnyCommand = Command<never, unknown>;
export type AnyQuery = Query<never, unknown>;

const allCommands: readonly AnyCommand[] = [
  createInstallation,
  createOrganization,
  createSecrets,
  createStore,
  duplicateSecret,
  purgeTrashed,
  recordRefusals,
  recordRemoval,
  recordReveals,
  recoverOwner,
  removeRecorded,
  removeSecrets,
  removeStore,
  reserveSeals,
  restateDigests,
  restoreSecret,
  restoreVersion,
  saveHead,
  sweepTrash,
  updateOrganization,
  updateSecret,
  updateStore,
];

const allQueries: readonly AnyQuery[] = [
  explainAccess,
  auditPage,
  dueStreams,
  findCredential,
  findDuplicateSource,
  findFoldedSecret,
  findOrganization,
  findPastValue,
  getOrganization,
  getSecret,
  getStore,
  listAudit,
  listChanges,
  listOrganizations,
  listSecrets,
  listStores,
  listVersions,
  newestHeadAt,
  positionOfSecret,
  prepareBatch,
  prepareReveal,
  readKeys,
  readOrganizationKeys,
  removalStanding,
  whoami,
];

export const commands: ReadonlyMap<string, AnyCommand> = new Map(
  allCommands.map((body) => [body.name, body]),
);
export const queries: ReadonlyMap<string, AnyQuery> = new Map(allQueries.map((body) => [body.name, body]));
