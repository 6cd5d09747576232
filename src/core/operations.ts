// All that a dialect receives. It acts through these and sees neither tables nor keys.
import { type AccessTokenOperations, accessTokenOperations } from "./access-tokens/operations.ts";
import { type AuditOperations, auditOperations } from "./audit/operations.ts";
import { type BackendOperations, backendOperations } from "./backends/status.ts";
import { type DocumentOperations, documentOperations } from "./documents/operations.ts";
import { type ExplainOperations, explainOperations } from "./explain/operations.ts";
import { type FeedOperations, feedOperations } from "./feed.ts";
import { type GrantOperations, grantOperations } from "./grants/operations.ts";
import { type GroupOperations, groupOperations } from "./groups/operations.ts";
import { type JobOperations, jobOperations } from "./jobs/operations.ts";
import { type KeyOperations, keyOperations } from "./keys/operations.ts";
import { type MachineOperations, machineOperations } from "./machines/operations.ts";
import { directory } from "./organizations/directory.ts";
import { type OrganizationOperations, organizationOperations } from "./organizations/operations.ts";
import { type PeopleOperations, peopleOperations } from "./people/operations.ts";
import type { Context } from "./ports.ts";
import { type PreflightOperations, preflightOperations } from "./preflight.ts";
import { type SecretOperations, secretOperations } from "./secrets/operations.ts";
import { type ServiceOperations, serviceOperations } from "./services/operations.ts";
import { type SightOperations, sightOperations } from "./sights/operations.ts";
import { type StoreOperations, storeOperations } from "./stores/operations.ts";
import { type TokenOperations, tokenOperations } from "./tokens/operations.ts";
import { type TrustOperations, trustOperations } from "./trusts/operations.ts";
import { type VitalOperations, vitalOperations } from "./vitals.ts";

export interface Operations extends PreflightOperations {
  readonly organizations: OrganizationOperations;
  readonly people: PeopleOperations;
  readonly stores: StoreOperations;
  readonly secrets: SecretOperations;
  readonly documents: DocumentOperations;
  readonly groups: GroupOperations;
  readonly machines: MachineOperations;
  readonly services: ServiceOperations;
  readonly grants: GrantOperations;
  readonly tokens: TokenOperations;
  readonly accessTokens: AccessTokenOperations;
  readonly sights: SightOperations;
  readonly jobs: JobOperations;
  readonly access: ExplainOperations;
  readonly trusts: TrustOperations;
  readonly keys: KeyOperations;
  readonly backends: BackendOperations;
  readonly audit: AuditOperations;
  readonly feed: FeedOperations;
  readonly vitals: VitalOperations;
}

export function operations(ctx: Context): Operations {
  const organizations = directory(ctx);
  const sights = sightOperations(ctx, organizations);
  return {
    ...preflightOperations(ctx, organizations),
    organizations: organizationOperations(ctx, organizations),
    people: peopleOperations(ctx, organizations),
    stores: storeOperations(ctx, organizations),
    secrets: secretOperations(ctx, organizations),
    documents: documentOperations(ctx, organizations),
    groups: groupOperations(ctx, organizations),
    machines: machineOperations(ctx, organizations),
    services: serviceOperations(ctx, organizations),
    grants: grantOperations(ctx, organizations),
    tokens: tokenOperations(ctx, organizations),
    accessTokens: accessTokenOperations(ctx, organizations, sights.admitted),
    sights,
    jobs: jobOperations(ctx, organizations),
    trusts: trustOperations(ctx, organizations),
    access: explainOperations(ctx, organizations),
    keys: keyOperations(ctx, organizations),
    backends: backendOperations(ctx),
    audit: auditOperations(ctx, organizations),
    feed: feedOperations(ctx, organizations),
    vitals: vitalOperations(ctx),
  };
}
