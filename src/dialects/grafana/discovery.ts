// What clients ask before they ask for anything: which groups, versions and kinds there are.
import { group, groupVersion, version } from "./status.ts";

const here = { groupVersion, version };
const body = { name: group, versions: [here], preferredVersion: here };

export const apiVersions = { kind: "APIVersions", versions: [], serverAddressByClientCIDRs: [] };
export const groupList = { kind: "APIGroupList", apiVersion: "v1", groups: [body] };
export const apiGroup = { kind: "APIGroup", apiVersion: "v1", ...body };

export const resourceList = {
  kind: "APIResourceList",
  apiVersion: "v1",
  groupVersion,
  resources: [
    {
      name: "keepers",
      singularName: "keeper",
      namespaced: true,
      kind: "Keeper",
      verbs: ["create", "delete", "get", "list", "patch", "update"],
    },
    {
      name: "securevalues",
      singularName: "securevalue",
      namespaced: true,
      kind: "SecureValue",
      verbs: ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
    },
  ],
};

/** The version of Kubernetes whose ways these are; clients compare it with their own. */
export const versionInfo = {
  major: "1",
  minor: "33",
  gitVersion: "v1.33.0+coffer",
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "2026-01-01T00:00:00Z",
  goVersion: "",
  compiler: "",
  platform: "",
};
