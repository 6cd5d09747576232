// What a body sees, put together from a connection, its audit stream and the authorities this
// thread remembers. Made once per connection, not per operation: it holds no state of its own.
import type { CachedAuthority, ReadTransaction, Transaction } from "../core/ports.ts";
import { accessReader, accessRepository } from "./repositories/access.ts";
import { auditReader, auditRepository } from "./repositories/audit.ts";
import { changeReader, changeRepository } from "./repositories/changes.ts";
import { grantReader, grantRepository } from "./repositories/grants.ts";
import { installationReader, installationRepository } from "./repositories/installation.ts";
import { organizationReader, organizationRepository } from "./repositories/organizations.ts";
import { secretReader, secretRepository } from "./repositories/secrets.ts";
import { storeReader, storeRepository } from "./repositories/stores.ts";
import { versionReader, versionRepository } from "./repositories/versions.ts";
import type { Queryable } from "./sql.ts";
import type { AuditStream } from "./stream.ts";

export function readTransactionOn(db: Queryable, authorities: Map<string, CachedAuthority>): ReadTransaction {
  return {
    authorities,
    installation: installationReader(db),
    access: accessReader(db),
    grants: grantReader(db),
    organizations: organizationReader(db),
    stores: storeReader(db),
    secrets: secretReader(db),
    versions: versionReader(db),
    changes: changeReader(db),
    audit: auditReader(db),
  };
}

export function transactionOn(
  db: Queryable,
  stream: AuditStream,
  authorities: Map<string, CachedAuthority>,
): Transaction {
  return {
    authorities,
    installation: installationRepository(db),
    access: accessRepository(db),
    grants: grantRepository(db),
    organizations: organizationRepository(db),
    stores: storeRepository(db),
    secrets: secretRepository(db),
    versions: versionRepository(db),
    changes: changeRepository(db),
    audit: auditRepository(db, stream),
  };
}
