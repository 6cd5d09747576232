// What a body sees, put together from a connection, its audit stream and the authorities this
// thread remembers. Made once per connection, not per operation: it holds no state of its own.
import type { Authorities, ReadTransaction, Transaction } from "../core/ports.ts";
import { accessReader, accessRepository } from "./repositories/access.ts";
import { auditReader, auditRepository } from "./repositories/audit.ts";
import { changeReader, changeRepository } from "./repositories/changes.ts";
import { documentReader, documentRepository } from "./repositories/documents.ts";
import { endedReader, endedRepository } from "./repositories/ended-organizations.ts";
import { grantReader, grantRepository } from "./repositories/grants.ts";
import { groupReader, groupRepository } from "./repositories/groups.ts";
import { installationReader, installationRepository } from "./repositories/installation.ts";
import { jobRepository } from "./repositories/jobs.ts";
import { keyReader, keyRepository } from "./repositories/keys.ts";
import { machineReader, machineRepository } from "./repositories/machines.ts";
import { organizationReader, organizationRepository } from "./repositories/organizations.ts";
import { peopleReader, peopleRepository } from "./repositories/people.ts";
import { remoteReader, remoteRepository } from "./repositories/remote-values.ts";
import { restoreReader, restoreRepository } from "./repositories/restores.ts";
import { secretReader, secretRepository } from "./repositories/secrets.ts";
import { serviceReader, serviceRepository } from "./repositories/services.ts";
import { storeReader, storeRepository } from "./repositories/stores.ts";
import { tokenReader, tokenRepository } from "./repositories/tokens.ts";
import { trustReader, trustRepository } from "./repositories/trusts.ts";
import { versionReader, versionRepository } from "./repositories/versions.ts";
import type { Queryable } from "./sql.ts";
import type { AuditStream } from "./stream.ts";

export function readTransactionOn(db: Queryable, authorities: Authorities): ReadTransaction {
  return {
    authorities,
    installation: installationReader(db),
    restores: restoreReader(db),
    keys: keyReader(db),
    access: accessReader(db),
    tokens: tokenReader(db),
    grants: grantReader(db),
    people: peopleReader(db),
    groups: groupReader(db),
    machines: machineReader(db),
    services: serviceReader(db),
    trusts: trustReader(db),
    organizations: organizationReader(db),
    ended: endedReader(db),
    stores: storeReader(db),
    documents: documentReader(db),
    secrets: secretReader(db),
    versions: versionReader(db),
    remote: remoteReader(db),
    changes: changeReader(db),
    audit: auditReader(db),
  };
}

export function transactionOn(db: Queryable, stream: AuditStream, authorities: Authorities): Transaction {
  return {
    authorities,
    installation: installationRepository(db),
    restores: restoreRepository(db),
    keys: keyRepository(db),
    access: accessRepository(db),
    tokens: tokenRepository(db),
    jobs: jobRepository(db),
    grants: grantRepository(db),
    people: peopleRepository(db),
    groups: groupRepository(db),
    machines: machineRepository(db),
    services: serviceRepository(db),
    trusts: trustRepository(db),
    organizations: organizationRepository(db),
    ended: endedRepository(db),
    stores: storeRepository(db),
    documents: documentRepository(db),
    secrets: secretRepository(db),
    versions: versionRepository(db),
    remote: remoteRepository(db),
    changes: changeRepository(db),
    audit: auditRepository(db, stream),
  };
}
