// Who may do what, written by hand from the design and computed by nothing.
//
// One row for a route in its own place, one sign for a caller, in the order of `columns` in callers.ts:
//   +  done      3  403      4  404: as if it were not there
//
//   roles: owner, operator, admin, auditor, member
//   three members each, with read, write, manage: on the organization, the store, the one secret, and on
//     the store by a group; then two with read and manage on the machine
//   machines: without grants, read, write, manage on the store, read on the one secret
//   services: a consumer, none, one bound to the other store
//   jobs: the policy is met, is not met, of the other store
//   strangers: owner of another organization, person without any
//   tokens of the owner: secret.reveal, secret.*@store, secret.reveal@store/NAME, for this store, for
//     another store, from this address, organization.read; a writer's secret.reveal; and one with the
//     rights to give things away, but none to the things
import { signIn } from "./callers.ts";
import type { Place } from "./places.ts";
import type { AskedRoute } from "./routes.ts";

//        roles  org  store secr group mach machines serv jobs out tokens
const inside = "+++++ +++ +++ +++ +++ ++ +++++ +++ 444 44 444++++4+";
const governed = "+++33 333 333 333 333 33 33333 333 444 44 44433+343";
const overseen = "++++3 333 333 333 333 33 33333 333 444 44 44433+343";
const shown = "++++4 444 444 444 444 44 44444 444 444 44 44444+444";
const storeWritten = "+++34 3++ 3++ 444 3++ 44 43++4 334 334 44 444+4+443";
const secretRead = "++++4 +++ +++ +++ +++ 44 4++++ +34 334 44 4+4+4+444";
const secretWritten = "+++34 3++ 3++ 3++ 3++ 44 43++3 334 334 44 4+4+4+444";
const secretPurged = "+++34 33+ 33+ 33+ 33+ 44 43333 334 334 44 4+4+4+444";
const secretMade = "+++34 3++ 3++ 444 3++ 44 43++4 334 334 44 4+4+4+443";
const storeManaged = "+++34 33+ 33+ 444 33+ 44 43334 334 334 44 444+4+443";
/** What holds from every address is given by nobody who is bound to some. */
const conferred = "+++33 333 333 333 333 33 33333 333 444 44 444333343";
const conferredUnseen = "+++34 444 444 444 444 44 44444 444 444 44 444443443";
/** In the trash without a store: of who holds everything, or that secret. */
const orphanRestored = "+++34 3++ 444 333 444 44 44443 444 444 44 44444+444";
const orphanPurged = "+++34 33+ 444 33+ 444 44 44443 444 444 44 44444+444";
const listedAcross = "+++++ +++ +++ +++ +++ ++ +++++ 333 444 44 4+4+++343";
const person = "+++++ +++ +++ +++ +++ ++ 33333 333 333 ++ +++++++++";
const personEverywhere = "3+333 333 333 333 333 33 33333 333 333 3+ 333333333";
const operators = "3+333 333 333 333 333 33 33333 333 333 33 333333333";
const everyone = "+++++ +++ +++ +++ +++ ++ +++++ +++ +++ ++ +++++++++";

export const rows: Readonly<Record<string, string>> = {
  getDocument: everyone,
  acceptInvitation: everyone,
  whoami: everyone,
  listOrganizations: "+++++ +++ +++ +++ +++ ++ +++++ +++ 333 ++ 333++++3+",
  createOrganization: operators,
  getMe: person,
  updateMe: personEverywhere,
  listOwnTokens: personEverywhere,
  mintOwnToken: personEverywhere,
  getOwnToken: "3+333 333 333 333 333 33 33333 333 333 34 333333333",
  revokeOwnToken: "3+333 333 333 333 333 33 33333 333 333 34 333333333",

  getOrganization: inside,
  getQuota: inside,
  updateOrganization: governed,
  deleteOrganization: "++333 333 333 333 333 33 33333 333 444 44 44433+343",
  listAudit: overseen,
  listChanges: listedAcross,
  // A job has no name by which it could ask about itself.
  "explain: oneself": "+++++ +++ +++ +++ +++ ++ +++++ +++ 444 44 +++++++++",
  "explain: others in a store": "++++4 33+ 33+ 444 33+ 44 43334 334 334 44 444+4+443",
  explain: "++++4 33+ 33+ 33+ 33+ 44 43333 334 334 44 434+4+444",

  listPeople: "+++++ +++ +++ +++ +++ ++ 33333 333 444 44 44433+343",
  invitePerson: conferred,
  "invitePerson: as owner": "++333 333 333 333 333 33 33333 333 444 44 444333343",
  getPerson: shown,
  changeRole: conferredUnseen,
  "changeRole: to owner": "++334 444 444 444 444 44 44444 444 444 44 444443443",
  removePerson: "+++34 444 444 444 444 44 44444 444 444 44 44444+44+",

  listStores: "+++++ +++ +++ +++ +++ ++ +++++ 333 444 44 444+++34+",
  createStore: "+++3+ +++ +++ +++ +++ ++ +++++ 333 444 44 44433+343",
  getStore: "++++4 +++ +++ 444 +++ 44 4+++4 334 334 44 444+4+443",
  updateStore: storeWritten,
  deleteStore: storeWritten,

  listSecretsOfOrganization: listedAcross,
  listSecrets: "++++4 +++ +++ 444 +++ 44 4+++4 334 334 44 4+4+4+443",
  createSecret: secretMade,
  getSecret: secretRead,
  updateSecret: secretWritten,
  deleteSecret: secretWritten,
  "deleteSecret: for good": secretPurged,
  duplicateSecret: "+++34 3++ 3++ 444 3++ 44 43++4 334 334 44 4+4+4+444",
  "duplicateSecret: into another store": "+++34 3++ 444 444 444 44 44444 334 334 44 44444+444",
  moveSecret: secretWritten,
  "moveSecret: into another store": "+++34 3++ 344 344 344 44 43443 334 334 44 44444+444",
  getValue: "+++34 +++ +++ +++ +++ 44 4++++ +34 +34 44 ++++4+4+4",
  "getValue: of a past version": "+++34 +++ +++ +++ +++ 44 4++++ 334 334 44 ++++4+4+4",
  putValue: secretWritten,
  getValues: "+++34 +++ +++ +++ +++ 44 4++++ +34 +34 44 ++++4+4+4",
  listVersions: secretRead,
  restoreVersion: secretWritten,
  listTrash: listedAcross,
  restoreSecret: secretWritten,
  purgeTrashed: secretPurged,
  "restoreSecret: of a deleted store": orphanRestored,
  "purgeTrashed: of a deleted store": orphanPurged,

  listGroups: overseen,
  createGroup: "+++33 333 333 333 333 33 33333 333 444 44 44433+34+",
  getGroup: shown,
  updateGroup: "+++34 444 444 444 444 44 44444 444 444 44 44444+44+",
  deleteGroup: "+++34 444 444 444 444 44 44444 444 444 44 44444+44+",
  listGroupMembers: shown,
  addGroupMember: conferredUnseen,
  removeGroupMember: "+++34 444 444 444 444 44 44444 444 444 44 44444+44+",

  listMachines: "+++++ +++ +++ +++ +++ ++ 33333 333 444 44 44433+343",
  createMachine: "+++3+ +++ +++ +++ +++ ++ 33333 333 444 44 44433+343",
  getMachine: "++++4 444 444 444 444 ++ 44444 444 444 44 44444+444",
  updateMachine: "+++34 444 444 444 444 3+ 44444 444 444 44 44444+444",
  deleteMachine: "+++34 444 444 444 444 3+ 44444 444 444 44 44444+444",
  createAccessToken: "+++34 444 444 444 444 3+ 44444 444 444 44 444443443",
  getTransportKey: "+++++ +++ +++ +++ +++ ++ +++++ 333 333 44 +++++++++",

  listServices: overseen,
  createService: conferred,
  getService: shown,
  updateService: conferredUnseen,
  deleteService: "+++34 444 444 444 444 44 44444 444 444 44 44444+44+",

  listGrants: "++++3 33+ 333 333 333 33 33333 333 444 44 44433+343",
  "listGrants: on a store": "++++4 33+ 33+ 444 33+ 44 43334 334 334 44 444+4+443",
  putGrant: "+++34 33+ 33+ 444 33+ 44 43334 334 334 44 444+43443",
  deleteGrant: "+++34 33+ 33+ 444 33+ 44 43334 334 334 44 444+4+44+",

  listTokens: "+++++ +++ +++ +++ +++ ++ +++++ +++ 333 44 33333+333",
  mintToken: "+++++ +++ +++ +++ +++ ++ 33333 333 333 44 33333+333",
  "mintToken: as narrow as its minter": "+++++ +++ +++ +++ +++ ++ 33333 333 333 44 33333+33+",
  "mintToken: for a store": "++++4 +++ +++ 444 +++ 44 33333 333 333 44 334+4+433",
  "mintToken: of a machine": "+++34 444 444 444 444 3+ 33333 333 333 44 44444+443",
  "mintToken: of a service": "+++34 444 444 444 444 44 33333 333 333 44 44444+443",
  getToken: shown,
  revokeToken: "+++34 444 444 444 444 44 44444 444 444 44 44444+44+",
  "revokeToken: of an owner": "++334 444 444 444 444 44 44444 444 444 44 44444+44+",

  startJob: storeManaged,
  endJob: "+++34 33+ 33+ 444 33+ 44 43334 334 334 44 444+4+44+",

  listTrusts: overseen,
  createTrust: conferred,
  getTrust: shown,
  renameTrust: "+++34 444 444 444 444 44 44444 444 444 44 44444+44+",
  deleteTrust: "+++34 444 444 444 444 44 44444 444 444 44 44444+44+",

  getKeys: overseen,
  destroyKey: governed,
  rewrapValues: governed,
  rotateKey: governed,

  getInstallationKeys: operators,
  destroyInstallationKey: operators,
  rotateInstallationKey: operators,
  rotateRootKey: operators,
  rewrapKeys: operators,
  retireRootKey: operators,
  destroyRootKey: operators,

  getBackends: operators,
  resumeSweeps: operators,
  // Who may change the store, and manages the organization.
  migrateStore: "+++34 333 333 444 333 44 43334 334 334 44 44434+443",
};

export type Sign = "+" | "3" | "4";

export function signOf(row: string, column: string): Sign {
  const sign = signIn(rows, row, column);
  if (sign !== "+" && sign !== "3" && sign !== "4") {
    throw new Error(`the row ${row} has no sign for ${column}`);
  }
  return sign;
}

/** In the other store, who holds something on the one store alone stands as somebody else does here. */
const besides: Readonly<Record<string, string>> = {
  "store read": "member",
  "store write": "member",
  "store manage": "member",
  "secret read": "member",
  "secret write": "member",
  "secret manage": "member",
  "group read": "member",
  "group write": "member",
  "group manage": "member",
  "machine store read": "machine",
  "machine store write": "machine",
  "machine store manage": "machine",
  "machine secret read": "machine",
  // Both stores' secrets list it.
  "service bound elsewhere": "service listed",
  "job met": "job of another store",
  "job not met": "job of another store",
  "job of another store": "job met",
  "token secret.*@store": "token organization.read",
  "token secret.reveal@store/NAME": "token organization.read",
  "token for the store": "token for another store",
  "token for another store": "token for the store",
  "writer's token secret.reveal": "token organization.read",
};

/** Of routes that decide before they look: who is refused only for what he lacks of the thing found. */
const foundFirst: Readonly<Record<string, readonly string[]>> = {
  addGroupMember: ["token from here", "token that only confers"],
  updateService: ["token from here", "token that only confers"],
  "mintToken: for a store": [
    "token secret.reveal",
    "token secret.*@store",
    "writer's token secret.reveal",
    "token that only confers",
  ],
  "mintToken: of a machine": ["read on a machine", "token that only confers"],
  createAccessToken: ["read on a machine", "token from here", "token that only confers"],
  "mintToken: of a service": ["token that only confers"],
  updateMachine: ["read on a machine"],
  deleteMachine: ["read on a machine"],
  "duplicateSecret: into another store": ["auditor", "organization read", "service listed"],
};

/** The status by the row and these rules; 200 stands for whatever the route answers to who may. */
export function expected(row: string, route: AskedRoute, column: string, place: Place): number {
  const own = signOf(row, column);
  const decided = route.decidesFirst === true && foundFirst[row]?.includes(column) !== true;
  const missing = own === "3" && decided ? "3" : "4";
  switch (place) {
    case "own":
      return statusOf(own);
    case "other store":
      return statusOf(signOf(row, besides[column] ?? column));
    case "expired":
      return whenExpired(row, route, column);
    // What is not there, and what lies in the other organization, for who asks in his own.
    case "trashed":
    case "missing":
    case "foreign":
    case "missing store":
      return statusOf(missing);
    case "other tenant":
      return column === "stranger" ? 200 : 404;
    case "missing organization":
      return 404;
  }
}

/** Who may have its value hears that it has expired before he is refused a past one. */
function whenExpired(row: string, { expired = 200 }: AskedRoute, column: string): number {
  const sign = signOf(row.startsWith("getValue:") ? "getValue" : row, column);
  return sign === "+" ? expired : statusOf(sign);
}

function statusOf(sign: Sign): number {
  return { "+": 200, "3": 403, "4": 404 }[sign];
}
