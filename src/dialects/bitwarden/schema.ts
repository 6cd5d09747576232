// Answers as they leave: a member that is not named here cannot.
import Type, { type TSchema } from "typebox";

const text = Type.String();
const flag = Type.Boolean();
const count = Type.Integer();
const named = Type.Object({ id: text, name: text });

export const list = <T extends TSchema>(item: T) =>
  Type.Object({ object: text, data: Type.Array(item), continuationToken: Type.Null() });

const secretParts = {
  object: text,
  id: text,
  organizationId: text,
  key: text,
  value: text,
  note: text,
  creationDate: text,
  revisionDate: text,
  projects: Type.Array(named),
};

export const baseSecret = Type.Object(secretParts);
export const secret = Type.Object({ ...secretParts, read: flag, write: flag });

const listedSecret = Type.Object({
  id: text,
  organizationId: text,
  key: text,
  creationDate: text,
  revisionDate: text,
  projects: Type.Array(named),
  read: flag,
  write: flag,
});

export const secretsWithProjects = Type.Object({
  object: text,
  secrets: Type.Array(listedSecret),
  projects: Type.Array(named),
});

export const removed = list(Type.Object({ object: text, id: text, error: Type.Union([text, Type.Null()]) }));

export const sync = Type.Object({
  object: text,
  hasChanges: flag,
  secrets: Type.Union([list(baseSecret), Type.Null()]),
});

export const project = Type.Object({
  object: text,
  id: text,
  organizationId: text,
  name: text,
  creationDate: text,
  revisionDate: text,
  read: flag,
  write: flag,
});

export const version = Type.Object({
  object: text,
  id: text,
  secretId: text,
  value: text,
  versionDate: text,
  editorServiceAccountId: Type.Union([text, Type.Null()]),
  editorOrganizationUserId: Type.Union([text, Type.Null()]),
});

const machineParts = {
  object: text,
  id: text,
  organizationId: text,
  name: text,
  creationDate: text,
  revisionDate: text,
};

export const machine = Type.Object(machineParts);
export const listedMachine = Type.Object({ ...machineParts, accessToSecrets: count });

export const accessToken = Type.Object({
  object: text,
  id: text,
  name: text,
  scopes: Type.Array(text),
  expireAt: Type.Union([text, Type.Null()]),
  creationDate: text,
  revisionDate: text,
});

export const newAccessToken = Type.Object({
  object: text,
  id: text,
  name: text,
  clientSecret: text,
  expireAt: Type.Union([text, Type.Null()]),
  creationDate: text,
  revisionDate: text,
});

const nullable = Type.Union([text, Type.Null()]);
const access = { object: text, read: flag, write: flag };

const userPolicy = Type.Object({
  ...access,
  organizationUserId: text,
  organizationUserName: text,
  currentUser: flag,
});
const groupPolicy = Type.Object({ ...access, groupId: text, groupName: text, currentUserInGroup: flag });
const machinePolicy = Type.Object({ ...access, serviceAccountId: text, serviceAccountName: text });

/** Which of these an answer has, its object says. */
export const policies = Type.Object({
  object: text,
  userAccessPolicies: Type.Optional(Type.Array(userPolicy)),
  groupAccessPolicies: Type.Optional(Type.Array(groupPolicy)),
  serviceAccountAccessPolicies: Type.Optional(Type.Array(machinePolicy)),
});

export const granted = Type.Object({
  object: text,
  grantedProjectPolicies: Type.Array(
    Type.Object({
      object: text,
      hasPermission: flag,
      accessPolicy: Type.Object({ ...access, grantedProjectId: text, grantedProjectName: text }),
    }),
  ),
});

export const grantee = Type.Object({
  object: text,
  id: text,
  name: text,
  type: text,
  email: nullable,
  currentUserInGroup: flag,
  currentUser: flag,
});

export const organizationCounts = Type.Object({
  object: text,
  projects: count,
  secrets: count,
  serviceAccounts: count,
});
export const projectCounts = Type.Object({
  object: text,
  secrets: count,
  people: count,
  serviceAccounts: count,
});
export const machineCounts = Type.Object({
  object: text,
  projects: count,
  people: count,
  accessTokens: count,
});

export const exported = Type.Object({
  object: text,
  projects: Type.Array(named),
  secrets: Type.Array(
    Type.Object({ id: text, key: text, value: text, note: text, projectIds: Type.Array(text) }),
  ),
});

const event = Type.Object({
  object: text,
  type: count,
  organizationId: nullable,
  actingUserId: nullable,
  serviceAccountId: nullable,
  secretId: nullable,
  projectId: nullable,
  grantedServiceAccountId: nullable,
  groupId: nullable,
  organizationUserId: nullable,
  date: text,
  deviceType: Type.Null(),
  ipAddress: nullable,
});

export const events = Type.Object({
  object: text,
  data: Type.Array(event),
  continuationToken: nullable,
});
