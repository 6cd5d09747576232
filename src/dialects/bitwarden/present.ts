// From the domain to the wire, with literal member names. Every name, note and value is sealed anew for
// each answer, so no two answers are alike.
import type { AccessToken } from "../../core/access-tokens/access-token.ts";
import type { Secret } from "../../core/secrets/secret.ts";
import type { MachineSight, SecretSight, StoreSight } from "../../core/sights/sight.ts";
import type { Wire } from "./wire.ts";

export const date = (ms: number): string => new Date(ms).toISOString();

export function listOf<T>(data: readonly T[]) {
  return { object: "list", data: [...data], continuationToken: null };
}

export interface Opened {
  readonly sight: SecretSight;
  readonly value: string;
}

const changedAt = ({ updatedAt, createdAt }: Pick<Secret, "updatedAt" | "createdAt">) =>
  updatedAt ?? createdAt;

function projectsOf({ store }: SecretSight, wire: Wire) {
  return store === null ? [] : [{ id: store.id, name: wire.out(store.name) }];
}

export function baseSecret({ sight, value }: Opened, wire: Wire) {
  const { secret } = sight;
  return {
    object: "baseSecret",
    id: secret.id,
    organizationId: secret.organizationId,
    key: wire.out(secret.name),
    value: wire.out(value),
    note: noteOf(secret, wire),
    creationDate: date(secret.createdAt),
    revisionDate: date(changedAt(secret)),
    projects: projectsOf(sight, wire),
  };
}

/** Never null. With client custody there is no text that could be sealed for a missing one. */
function noteOf({ description }: Secret, wire: Wire): string {
  return description === null && wire.opaque ? "" : wire.out(description ?? "");
}

export function secret(opened: Opened, wire: Wire, may = opened.sight.may) {
  return { ...baseSecret(opened, wire), object: "secret", read: may.read, write: may.write };
}

export const everything = { read: true, write: true } as const;

export function secretsWithProjects(sights: readonly SecretSight[], wire: Wire) {
  const projects = new Map<string, { id: string; name: string }>();
  const secrets = sights.map((sight) => {
    const { secret: shown, store, may } = sight;
    let project = store === null ? undefined : projects.get(store.id);
    if (store !== null && project === undefined) {
      project = { id: store.id, name: wire.out(store.name) };
      projects.set(store.id, project);
    }
    return {
      id: shown.id,
      organizationId: shown.organizationId,
      key: wire.out(shown.name),
      creationDate: date(shown.createdAt),
      revisionDate: date(changedAt(shown)),
      projects: project === undefined ? [] : [project],
      read: may.read,
      write: may.write,
    };
  });
  return { object: "SecretsWithProjectsList", secrets, projects: [...projects.values()] };
}

export function removed(items: readonly { readonly id: string; readonly error: string | null }[]) {
  return listOf(items.map(({ id, error }) => ({ object: "BulkDeleteResponseModel", id, error })));
}

export function project({ store, may }: StoreSight, wire: Wire) {
  return {
    object: "project",
    id: store.id,
    organizationId: store.organizationId,
    name: wire.out(store.name),
    creationDate: date(store.createdAt),
    revisionDate: date(changedAt(store)),
    ...may,
  };
}

export function machine({ machine: shown }: Pick<MachineSight, "machine">, wire: Wire) {
  return {
    object: "serviceAccount",
    id: shown.id,
    organizationId: shown.organizationId,
    name: wire.out(shown.name),
    creationDate: date(shown.createdAt),
    revisionDate: date(shown.changedAt),
  };
}

export function accessToken(token: AccessToken, wire: Wire) {
  return {
    object: "accessToken",
    id: token.id,
    name: wire.out(token.name),
    scopes: ["api.secrets"],
    expireAt: token.expiresAt === null ? null : date(token.expiresAt),
    creationDate: date(token.createdAt),
    revisionDate: date(token.createdAt),
  };
}
