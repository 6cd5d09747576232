// All that a dialect receives. It acts through these and sees neither tables nor keys.
import { type AuditOperations, auditOperations } from "./audit/operations.ts";
import { type ExplainOperations, explainOperations } from "./explain/operations.ts";
import { type FeedOperations, feedOperations } from "./feed.ts";
import { directory } from "./organizations/directory.ts";
import { type OrganizationOperations, organizationOperations } from "./organizations/operations.ts";
import type { Context } from "./ports.ts";
import { type SecretOperations, secretOperations } from "./secrets/operations.ts";
import { type StoreOperations, storeOperations } from "./stores/operations.ts";

export interface Operations {
  readonly organizations: OrganizationOperations;
  readonly stores: StoreOperations;
  readonly secrets: SecretOperations;
  readonly access: ExplainOperations;
  readonly audit: AuditOperations;
  readonly feed: FeedOperations;
}

export function operations(ctx: Context): Operations {
  const organizations = directory(ctx);
  return {
    organizations: organizationOperations(ctx, organizations),
    stores: storeOperations(ctx, organizations),
    secrets: secretOperations(ctx, organizations),
    access: explainOperations(ctx, organizations),
    audit: auditOperations(ctx, organizations),
    feed: feedOperations(ctx, organizations),
  };
}
