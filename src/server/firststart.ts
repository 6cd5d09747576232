// The first start on an empty database: keys, organization, owner and token, in one commit.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { systemCaller } from "../core/caller.ts";
import type { Clock } from "../core/clock.ts";
import type { Ids } from "../core/ids.ts";
import { createInstallation } from "../core/installation.ts";
import { limits } from "../core/limits.ts";
import { newOrganization } from "../core/organizations/create.ts";
import type { Person } from "../core/people/person.ts";
import type { Database } from "../core/ports.ts";
import { unnarrowed } from "../core/tokens/token.ts";
import { newInstallation } from "../crypto/installation.ts";
import { openKeyring } from "../crypto/keyring.ts";
import type { RootKeys } from "../crypto/roots/keys.ts";
import { mintToken } from "../crypto/tokens.ts";
import { type Bootstrap, bootstrapPath, writePrivate } from "./bootstrap.ts";
import { type Config, ConfigError } from "./config.ts";
import { placeShown } from "./config-shown.ts";

interface FirstStart {
  readonly config: Config;
  readonly database: Database;
  readonly roots: RootKeys;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly url: string;
}

/** For who wants an installation that stands: even the lock of a folder would be something made. */
export function demandFile(config: Config): void {
  if (config.database === null && !existsSync(join(config.data, "coffer.db"))) throw noInstallation(config);
}

export function noInstallation(config: Config): ConfigError {
  return new ConfigError(`There is no installation in ${placeShown(config)}; nothing was made.`);
}

/** Null where another node was faster; its installation stands. */
export async function createFirst(parts: FirstStart): Promise<Bootstrap | null> {
  const { config, database, roots, clock, ids } = parts;
  const at = clock.now();
  const made = newInstallation({ ids, clock, roots });
  const keyring = openKeyring({
    installationId: made.installation.id,
    roots,
    rereadRoots: async () => roots,
    wrapsUnder: null,
    ids,
    clock,
    keys: [made.installationKey],
    internalKeys: made.internalKeys,
    loadOrganizationKeys: async () => [],
    reserve: async () => null,
    renew: async () => null,
  });
  const person: Person = {
    id: ids.next(),
    email: config.ownerEmail,
    name: "Owner",
    operator: true,
    createdAt: at,
  };
  const organization = newOrganization(
    { ids, keyring },
    {
      slug: "default",
      name: "Default",
      custody: "server",
      owner: { kind: "person", ...person },
      at,
      backend: config.backends.defaultName,
    },
  );
  keyring.close();
  const tokenId = ids.next();
  const token = mintToken("person", tokenId);
  const bootstrap: Bootstrap = {
    url: parts.url,
    organization: { id: organization.organization.id, slug: organization.organization.slug },
    store: { id: organization.store.id, slug: organization.store.slug },
    person: { id: person.id, email: person.email },
    token: token.text,
  };
  await writePrivate(bootstrapPath(config), bootstrap);
  const stands = await database.execute(createInstallation, {
    caller: systemCaller("first start"),
    at,
    installation: made.installation,
    keys: [made.installationKey],
    internalKeys: made.internalKeys,
    person,
    organization,
    token: {
      id: tokenId,
      organizationId: null,
      principalKind: "person",
      principalId: person.id,
      name: "first start",
      hash: token.hash,
      ...unnarrowed,
      expiresAt: at + limits.tokenLifeMs,
      revokedAt: null,
      createdAt: at,
    },
  });
  return stands.id === made.installation.id ? bootstrap : null;
}
