// Which claims say whose workload it is. All customers of a hosted issuer share its name and keys,
// so a trust that pins none of these claims would trust every one of them.
import { invalid } from "../errors.ts";
import { matches, patternOf } from "../policies/glob.ts";
import type { RequiredClaims } from "./claims.ts";

interface Issuers {
  readonly name: string;
  readonly hosts: readonly string[];
  /** By claim: what a pattern with `*` must begin with; null where it may have no `*` at all. */
  readonly tenant: Readonly<Record<string, RegExp | null>>;
}

/** `acme*` would let in `acme-of-somebody-else`, which anyone may register: the slash must stand. */
const underOwner = /^[^*/]+\//;

const families: readonly Issuers[] = [
  {
    name: "Buildkite",
    hosts: ["agent.buildkite.com"],
    tenant: { organization_slug: null, organization_id: null },
  },
  {
    name: "GitHub",
    hosts: ["token.actions.githubusercontent.com"],
    tenant: {
      repository_owner: null,
      repository_owner_id: null,
      repository: underOwner,
      repository_id: null,
    },
  },
  {
    name: "GitLab",
    hosts: ["gitlab.com"],
    tenant: { namespace_id: null, namespace_path: underOwner, project_path: underOwner, project_id: null },
  },
  {
    name: "Kubernetes",
    hosts: [
      "kubernetes.default.svc",
      "kubernetes.default.svc.*",
      "oidc.eks.*.amazonaws.com",
      "container.googleapis.com",
      "*.oic.prod-aks.azure.com",
    ],
    tenant: { sub: /^system:serviceaccount:[^*:]+:/, "kubernetes.io/namespace": null },
  },
];

/** Refuses required claims that do not say whose workload it must be. */
export function requireTenant(issuer: string, claims: RequiredClaims): void {
  const { hostname } = new URL(issuer);
  const family = families.find(({ hosts }) => hosts.some((host) => matches(patternOf(host), hostname)));
  if (family === undefined) {
    const says = Object.values(claims).some((patterns) => patterns.every((it) => /[^*]/.test(it)));
    if (!says) throw invalid("claims", "must require something of one claim that is more than *");
    return;
  }
  const pins = Object.entries(family.tenant).some(([claim, start]) => {
    const patterns = Object.hasOwn(claims, claim) ? claims[claim] : undefined;
    return patterns?.every((it) => !it.includes("*") || start?.test(it)) ?? false;
  });
  if (!pins) {
    const allowed = Object.keys(family.tenant);
    throw invalid("claims", `must say without * whose ${family.name} workload it is`, { allowed });
  }
}
