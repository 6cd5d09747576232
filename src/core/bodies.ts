// Every body by its name, so that a writer or reader on another thread finds what it is asked to
// run. A body that is not listed here cannot run; a test holds the list against the sources.
import { openLogin } from "./access-tokens/login.ts";
import { listAccessTokens, revokeAccessTokens } from "./access-tokens/manage.ts";
import { mintAccessToken } from "./access-tokens/mint.ts";
import { listAudit, saveHead } from "./audit/operations.ts";
import { probeAudit } from "./audit/probe.ts";
import {
  auditPage,
  dueStreams,
  newestHeadAt,
  recordRemoval,
  removalStanding,
  removeRecorded,
  restateDigests,
} from "./audit/retention.ts";
import { abortExpired, abortWrites } from "./backends/abort.ts";
import { driftSample } from "./backends/drift.ts";
import { raiseBackendEpoch, resumeSweeps } from "./backends/guard.ts";
import {
  intendCreate,
  intendDuplicate,
  intendImport,
  intendRestore,
  intendShared,
  intendUpdate,
} from "./backends/intents.ts";
import { recordLoss } from "./backends/lost.ts";
import { valuesToMigrate } from "./backends/migrate.ts";
import { oweAhead, relocateValues } from "./backends/moving.ts";
import { claimOwed, noteUnpaid, owedOfSecrets, settlePaid } from "./backends/paying.ts";
import { forgetGivenUp, owedDue, takeReconcilerLease } from "./backends/reconcile.ts";
import { retireVersions } from "./backends/retire.ts";
import { noteBackendState, readBackendState } from "./backends/state.ts";
import { backendStatus, showBackends } from "./backends/status.ts";
import { lookForOrphans, recordSweep, sightOrphans } from "./backends/sweep.ts";
import { findCredential } from "./credentials.ts";
import { getDocument, listDocuments } from "./documents/read.ts";
import { createDocument, removeDocument, updateDocument } from "./documents/write.ts";
import { explainAccess } from "./explain/explain.ts";
import { listChanges } from "./feed.ts";
import { listGrants } from "./grants/list.ts";
import { putGrant } from "./grants/put.ts";
import { removeGrant } from "./grants/remove.ts";
import { replaceGrants } from "./grants/replace.ts";
import { createGroup } from "./groups/create.ts";
import { addGroupMember, removeGroupMember } from "./groups/members.ts";
import { getGroup, listGroupMembers, listGroups } from "./groups/read.ts";
import { removeGroup } from "./groups/remove.ts";
import { renameGroup } from "./groups/rename.ts";
import {
  addInternalKeys,
  createInstallation,
  readKeys,
  readOrganizationKeys,
  recoverOwner,
  reserveSeals,
} from "./installation.ts";
import { endJob } from "./jobs/end.ts";
import { findSession } from "./jobs/session.ts";
import { startJob } from "./jobs/start.ts";
import { destroyKey } from "./keys/destroy.ts";
import { destroyInstallationKey, installationKeyStatus, rotateInstallationKey } from "./keys/installation.ts";
import { announceNode, leadingNode, removeNode } from "./keys/nodes.ts";
import { resealValues, storedValues, unfinishedRotations } from "./keys/reseal.ts";
import { readRootStanding } from "./keys/root.ts";
import {
  addRootKey,
  destroyRootKey,
  promoteRootKey,
  retireRootKey,
  rewrapKeys,
  rootStandingToRotate,
  wrappedKeys,
} from "./keys/root-rotation.ts";
import { renewKey, retireTerms, rotateKey } from "./keys/rotate.ts";
import { keyStatus, termsToRotate } from "./keys/status.ts";
import { createMachine } from "./machines/create.ts";
import { getMachine, listMachines } from "./machines/read.ts";
import { removeMachine } from "./machines/remove.ts";
import { renameMachine } from "./machines/rename.ts";
import { recordRefusals } from "./operation.ts";
import { createOrganization } from "./organizations/create.ts";
import { deleteOrganization, endedOrganizations, purgeOrganization } from "./organizations/delete.ts";
import { findOrganization } from "./organizations/directory.ts";
import { onlyOrganization } from "./organizations/only.ts";
import { reachedOrganization } from "./organizations/reached.ts";
import { getOrganization, listOrganizations } from "./organizations/read.ts";
import { updateOrganization } from "./organizations/update.ts";
import { whoami } from "./organizations/whoami.ts";
import { acceptInvitation, checkInvitation } from "./people/accept.ts";
import { changeAccount, listAccounts } from "./people/account.ts";
import { findAuthors } from "./people/authors.ts";
import { invitePerson } from "./people/invite.ts";
import { getMe, updateMe } from "./people/me.ts";
import { listOwnMemberships } from "./people/memberships.ts";
import { getPerson, listPeople } from "./people/read.ts";
import { removePerson } from "./people/remove.ts";
import { changeRole } from "./people/role.ts";
import type { Command, Query } from "./ports.ts";
import { checkIntent, checkScope } from "./preflight.ts";
import { finishRestore, pendingRestore, startOrganizationsAnew } from "./restores/start-anew.ts";
import { listConsumed } from "./secrets/consumed.ts";
import { createSecrets } from "./secrets/create.ts";
import { duplicateSecret, findDuplicateSource } from "./secrets/duplicate.ts";
import { findFoldedSecret, getSecret, listSecrets } from "./secrets/list.ts";
import { revealOutright } from "./secrets/outright.ts";
import { recordReveals } from "./secrets/record.ts";
import { removeSecrets } from "./secrets/remove.ts";
import { confirmRepeat, findRepeat } from "./secrets/repeat.ts";
import { prepareBatch, prepareReveal } from "./secrets/reveal.ts";
import { sealedNow } from "./secrets/stored.ts";
import { purgeTrashed, restoreSecret, sweepTombstones, sweepTrash } from "./secrets/trash.ts";
import { updateSecret } from "./secrets/update.ts";
import { findPastValue, listVersions, restoreVersion } from "./secrets/versions.ts";
import { createService } from "./services/create.ts";
import { findServicePlace } from "./services/place.ts";
import { getService, listServices } from "./services/read.ts";
import { removeService } from "./services/remove.ts";
import { updateService } from "./services/update.ts";
import { openSession } from "./sessions/open.ts";
import { importAll, purgeAll, restoreAll, writeShared } from "./sights/bulk.ts";
import { countMachine, countOrganization, countReach, countStore } from "./sights/counts.ts";
import { listMachineSights, listStoreSights, sightOfMachine, sightOfStore } from "./sights/places.ts";
import { granteesIn, policiesOf, policiesOn } from "./sights/policies.ts";
import { removeSights } from "./sights/remove.ts";
import { listSecretSights, listTrashSights, sightOfSecret, sightOfSecrets } from "./sights/secrets.ts";
import { changedSince } from "./sights/sync.ts";
import { pastVersions, removePastVersions } from "./sights/versions.ts";
import { admittedTo, whereThing } from "./sights/where.ts";
import { createStores } from "./stores/create.ts";
import { getStore, listStores } from "./stores/read.ts";
import { removeStore } from "./stores/remove.ts";
import { updateStore } from "./stores/update.ts";
import { revokeCurrentToken } from "./tokens/current.ts";
import { getToken, listTokens, revokeToken } from "./tokens/manage.ts";
import { mintToken } from "./tokens/mint.ts";
import { getOwnToken, listOwnTokens, mintOwnToken, revokeOwnToken } from "./tokens/own.ts";
import { recordUses, sweepTokens } from "./tokens/upkeep.ts";
import { removeTrust, renameTrust } from "./trusts/change.ts";
import { createTrust } from "./trusts/create.ts";
import { getTrust, listTrusts, matchTrusts } from "./trusts/read.ts";
import { examineInstallation, readVitals, showVitals } from "./vitals.ts";

/** A body whose input only its own caller knows; the names were checked where it was called. */
export type AnyCommand = Command<never, unknown>;
export type AnyQuery = Query<never, unknown>;

const allCommands: readonly AnyCommand[] = [
  abortExpired,
  claimOwed,
  forgetGivenUp,
  noteBackendState,
  noteUnpaid,
  oweAhead,
  relocateValues,
  raiseBackendEpoch,
  recordSweep,
  resumeSweeps,
  retireVersions,
  settlePaid,
  sightOrphans,
  takeReconcilerLease,
  abortWrites,
  intendCreate,
  intendDuplicate,
  intendImport,
  intendRestore,
  intendShared,
  intendUpdate,
  addGroupMember,
  addInternalKeys,
  addRootKey,
  announceNode,
  createDocument,
  createGroup,
  createMachine,
  createService,
  destroyInstallationKey,
  destroyRootKey,
  probeAudit,
  promoteRootKey,
  putGrant,
  removeDocument,
  removeGrant,
  removeGroup,
  removeGroupMember,
  removeMachine,
  removeNode,
  removeService,
  renameGroup,
  renameMachine,
  retireRootKey,
  rewrapKeys,
  rotateInstallationKey,
  updateDocument,
  updateService,
  acceptInvitation,
  changeAccount,
  changeRole,
  confirmRepeat,
  createInstallation,
  createOrganization,
  createSecrets,
  createStores,
  createTrust,
  deleteOrganization,
  destroyKey,
  duplicateSecret,
  endJob,
  finishRestore,
  invitePerson,
  openSession,
  mintAccessToken,
  mintOwnToken,
  mintToken,
  openLogin,
  purgeOrganization,
  purgeTrashed,
  recordLoss,
  recordRefusals,
  recordRemoval,
  recordReveals,
  revealOutright,
  recordUses,
  recoverOwner,
  removePerson,
  removeRecorded,
  removeSecrets,
  removeSights,
  importAll,
  purgeAll,
  removePastVersions,
  replaceGrants,
  restoreAll,
  writeShared,
  removeStore,
  removeTrust,
  renameTrust,
  renewKey,
  resealValues,
  reserveSeals,
  restateDigests,
  restoreSecret,
  restoreVersion,
  retireTerms,
  revokeAccessTokens,
  revokeCurrentToken,
  revokeOwnToken,
  revokeToken,
  rotateKey,
  saveHead,
  startJob,
  startOrganizationsAnew,
  sweepTokens,
  sweepTombstones,
  sweepTrash,
  updateMe,
  updateOrganization,
  updateSecret,
  updateStore,
];

const allQueries: readonly AnyQuery[] = [
  backendStatus,
  driftSample,
  lookForOrphans,
  showBackends,
  valuesToMigrate,
  owedDue,
  owedOfSecrets,
  readBackendState,
  getDocument,
  getGroup,
  getMachine,
  getService,
  installationKeyStatus,
  listDocuments,
  listGrants,
  listGroupMembers,
  listGroups,
  listMachines,
  listServices,
  auditPage,
  checkIntent,
  checkInvitation,
  checkScope,
  listAccounts,
  endedOrganizations,
  dueStreams,
  examineInstallation,
  explainAccess,
  findAuthors,
  findCredential,
  findDuplicateSource,
  findFoldedSecret,
  findOrganization,
  findPastValue,
  findRepeat,
  findServicePlace,
  findSession,
  pendingRestore,
  getMe,
  getOrganization,
  getOwnToken,
  getPerson,
  getSecret,
  getStore,
  getToken,
  getTrust,
  keyStatus,
  leadingNode,
  admittedTo,
  changedSince,
  countMachine,
  countOrganization,
  countReach,
  countStore,
  granteesIn,
  pastVersions,
  policiesOf,
  policiesOn,
  listAccessTokens,
  listMachineSights,
  listSecretSights,
  listStoreSights,
  listTrashSights,
  sightOfMachine,
  sightOfSecret,
  sightOfSecrets,
  sightOfStore,
  whereThing,
  listAudit,
  listChanges,
  listConsumed,
  listOrganizations,
  listOwnMemberships,
  listOwnTokens,
  listPeople,
  listSecrets,
  listStores,
  listTokens,
  listTrusts,
  listVersions,
  matchTrusts,
  newestHeadAt,
  onlyOrganization,
  prepareBatch,
  prepareReveal,
  reachedOrganization,
  readKeys,
  readOrganizationKeys,
  readRootStanding,
  readVitals,
  removalStanding,
  rootStandingToRotate,
  sealedNow,
  showVitals,
  storedValues,
  termsToRotate,
  unfinishedRotations,
  whoami,
  wrappedKeys,
];

export const commands: ReadonlyMap<string, AnyCommand> = new Map(
  allCommands.map((body) => [body.name, body]),
);
export const queries: ReadonlyMap<string, AnyQuery> = new Map(allQueries.map((body) => [body.name, body]));
