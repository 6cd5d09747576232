// AWS Secrets Manager. One secret there holds one of ours, and the id of a write is the id of its version: a
// write that is repeated makes no second one.
import { randomUUID } from "node:crypto";
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  type SecretListEntry,
  SecretsManagerClient,
  type Tag,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import {
  type Backend,
  BackendError,
  type BackendFailure,
  type OwnedObject,
  type OwnedVersion,
  type RemotePlace,
  type RemoteVersion,
  type RemoteWrite,
} from "../core/backends/port.ts";
import { isUuid } from "../core/ids.ts";
import { type Attempt, beginOperation } from "./attempts.ts";
import { failureOf } from "./aws-failures.ts";
import { namesOf, tags } from "./names.ts";
import { bytesOf, textOf } from "./payload.ts";
import type { AwsSettings } from "./settings.ts";

/** Of one value, as AWS documents it. */
const bytesMax = 65_536;
/** Past about so many AWS removes versions that have no label. */
const versionsMax = 100;
/** AWS allows 20 on all versions of a secret together, and three names of them are its own. */
const labelsMax = 17;
const pageObjects = 100;

const current = "AWSCURRENT";
const previous = "AWSPREVIOUS";
/** A version has it for as long as it is wanted. */
const labelOf = (writeId: string): string => `coffer-${writeId}`;

/** The labels of each version that has any. */
type Labels = Readonly<Record<string, readonly string[] | undefined>>;

interface SendOptions {
  readonly abortSignal: AbortSignal;
}

export interface AwsOptions {
  readonly name: string;
  readonly installationId: string;
}

export function awsSecretsManager(settings: AwsSettings, { name, installationId }: AwsOptions): Backend {
  const { region, endpoint, payload, patience, recoveryWindowDays } = settings;
  const address = endpoint === null ? {} : { endpoint };
  // Whether to try again is decided here, where it is known what that would do.
  const client = new SecretsManagerClient({ region, maxAttempts: 1, ...address });
  const names = namesOf(installationId, "-");
  const begin = () => beginOperation(patience);

  /** `lost`: what it comes to if it was sent and nothing came back. */
  const ask = <T>(
    attempt: Attempt,
    lost: "unavailable" | "ambiguous",
    send: (options: SendOptions) => Promise<T>,
  ): Promise<T> =>
    attempt(async (abortSignal) => {
      try {
        return await send({ abortSignal });
      } catch (error) {
        throw failureOf(error, lost);
      }
    });

  /** Null: there is no such secret, or none any more. */
  async function labelsOf(attempt: Attempt, ref: string): Promise<Labels | null> {
    const command = new DescribeSecretCommand({ SecretId: ref });
    const about = await unless(
      ["not-found"],
      ask(attempt, "unavailable", (options) => client.send(command, options)),
    );
    if (about?.DeletedDate !== undefined) throw new BackendError("pending-deletion");
    return about === null ? null : (about.VersionIdsToStages ?? {});
  }

  /** It holds nothing yet: a version made with it could not have a label of its own. */
  async function create(
    attempt: Attempt,
    ref: string,
    { secretId }: RemotePlace,
    token: string,
  ): Promise<void> {
    const command = new CreateSecretCommand({
      Name: ref,
      ClientRequestToken: token,
      Description: "Kept by Coffer, which reads it by the ids of its versions.",
      Tags: [
        { Key: tags.installation, Value: installationId },
        { Key: tags.secret, Value: secretId },
      ],
    });
    await unless(
      ["already-exists"],
      ask(attempt, "unavailable", (options) => client.send(command, options)),
    );
  }

  async function moveLabel(
    attempt: Attempt,
    ref: string,
    label: string,
    from: string,
    to?: string,
  ): Promise<void> {
    const command = new UpdateSecretVersionStageCommand({
      SecretId: ref,
      VersionStage: label,
      RemoveFromVersionId: from,
      MoveToVersionId: to,
    });
    await ask(attempt, "ambiguous", (options) => client.send(command, options));
  }

  /** Of the oldest versions: AWS goes on to keep them while there are not very many. */
  async function makeRoom(attempt: Attempt, ref: string, labels: Labels): Promise<void> {
    const own = labelled(labels).filter((writeId) => labels[writeId]?.includes(labelOf(writeId)));
    for (const writeId of own.slice(0, -(labelsMax - 1))) {
      await moveLabel(attempt, ref, labelOf(writeId), writeId);
    }
  }

  async function readEpoch(attempt: Attempt): Promise<number | null> {
    const command = new GetSecretValueCommand({ SecretId: names.marker });
    const found = await unless(
      ["not-found"],
      ask(attempt, "unavailable", (options) => client.send(command, options)),
    );
    return /^\d{1,15}$/.test(found?.SecretString ?? "") ? Number(found?.SecretString) : null;
  }

  return {
    name,
    kind: settings.kind,
    payload,
    limits: { maxBytes: bytesMax, maxVersions: versionsMax },
    refOf: names.of,
    locationOf: names.of,

    async put({ place, writeId, bytes }: RemoteWrite): Promise<RemoteVersion> {
      if (bytes.length > bytesMax) throw new BackendError("too-large");
      const content = payload === "native" ? { SecretString: textOf(bytes) } : { SecretBinary: bytes };
      const attempt = begin();
      const ref = names.of(place);
      const labels = await labelsOf(attempt, ref);
      if (labels === null) await create(attempt, ref, place, writeId);
      else if (labels[writeId] === undefined) await makeRoom(attempt, ref, labels);
      const command = new PutSecretValueCommand({
        SecretId: ref,
        ClientRequestToken: writeId,
        VersionStages: [current, labelOf(writeId)],
        ...content,
      });
      await ask(attempt, "ambiguous", (options) => client.send(command, options));
      return { ref, version: writeId };
    },

    async get({ ref, version }: RemoteVersion): Promise<Uint8Array> {
      const command = new GetSecretValueCommand({ SecretId: ref, VersionId: version });
      const found = await unless(
        ["pending-deletion"],
        ask(begin(), "unavailable", (options) => client.send(command, options)),
      );
      // It says itself how it was written: a secret outlives a change of its backend's `payload`.
      if (found?.SecretString !== undefined) return bytesOf(found.SecretString);
      if (found?.SecretBinary !== undefined) return found.SecretBinary;
      throw new BackendError("not-found");
    },

    async probe(place: RemotePlace, writeId: string): Promise<RemoteVersion | null> {
      const ref = names.of(place);
      const labels = await unless(["pending-deletion"], labelsOf(begin(), ref));
      return labels?.[writeId] === undefined ? null : { ref, version: writeId };
    },

    /** No request removes one version: AWS does, in its time, once a version has no label. */
    async destroyVersion({ ref, version }: RemoteVersion): Promise<void> {
      const attempt = begin();
      let labels = (await unless(["pending-deletion"], labelsOf(attempt, ref))) ?? {};
      const others = labelled(labels).filter((writeId) => writeId !== version);
      // The newest that is wanted: AWS' previous one may be on its way out itself.
      const heir =
        others.findLast((writeId) => labels[writeId]?.includes(labelOf(writeId))) ??
        others.find((writeId) => labels[writeId]?.includes(previous)) ??
        others.at(-1);
      if (labels[version]?.includes(current) && heir !== undefined) {
        // The one that it is taken from is AWS' previous one then.
        await moveLabel(attempt, ref, current, version, heir);
        labels = (await labelsOf(attempt, ref)) ?? {};
      }
      for (const label of labels[version] ?? []) {
        // That one can only be moved, and is left where there is nothing to move it to.
        if (label !== current) await moveLabel(attempt, ref, label, version);
      }
    },

    async deleteObject(ref: string): Promise<void> {
      const how =
        recoveryWindowDays === null
          ? { ForceDeleteWithoutRecovery: true }
          : { RecoveryWindowInDays: recoveryWindowDays };
      const command = new DeleteSecretCommand({ SecretId: ref, ...how });
      await unless(
        ["not-found", "pending-deletion"],
        ask(begin(), "ambiguous", (options) => client.send(command, options)),
      );
    },

    async listOwned(cursor) {
      const command = new ListSecretsCommand({
        Filters: [{ Key: "name", Values: [names.prefix] }],
        MaxResults: pageObjects,
        ...(cursor === null ? {} : { NextToken: cursor }),
      });
      const page = await ask(begin(), "unavailable", (options) => client.send(command, options));
      const owned = (page.SecretList ?? []).filter((it) => {
        const secretId = names.secretOf(it.Name ?? "");
        return (
          secretId !== null &&
          tagged(it.Tags, tags.installation, installationId) &&
          tagged(it.Tags, tags.secret, secretId)
        );
      });
      return { items: owned.map(objectOf), next: page.NextToken ?? null };
    },

    readEpoch: () => readEpoch(begin()),

    async writeEpoch(epoch) {
      const attempt = begin();
      const known = await readEpoch(attempt);
      if (known !== null && known >= epoch) return;
      const value = { ClientRequestToken: randomUUID(), SecretString: String(epoch) };
      const first = new CreateSecretCommand({
        Name: names.marker,
        Tags: [{ Key: tags.installation, Value: installationId }],
        ...value,
      });
      const next = new PutSecretValueCommand({ SecretId: names.marker, ...value });
      await ask(attempt, "ambiguous", (options) =>
        known === null ? client.send(first, options) : client.send(next, options),
      );
    },

    async health() {
      await readEpoch(begin());
    },

    async close() {
      client.destroy();
    },
  };
}

/** Null in place of these failures. */
async function unless<T>(failures: readonly BackendFailure[], result: Promise<T>): Promise<T | null> {
  try {
    return await result;
  } catch (error) {
    if (error instanceof BackendError && failures.includes(error.failure)) return null;
    throw error;
  }
}

/** Oldest first: ids of writes begin with their time. A version without a label is on its way out. */
function labelled(labels: Labels): string[] {
  return Object.keys(labels)
    .filter((writeId) => labels[writeId]?.length)
    .sort();
}

function objectOf({ Name = "", CreatedDate, SecretVersionsToStages = {} }: SecretListEntry): OwnedObject {
  return {
    ref: Name,
    versions: labelled(SecretVersionsToStages).map(versionOf),
    createdAt: CreatedDate?.getTime() ?? Number.MAX_SAFE_INTEGER,
  };
}

/** A list has no times of versions. What has none is as young as can be: nothing is swept away for its age. */
function versionOf(writeId: string): OwnedVersion {
  const timed = isUuid(writeId) && writeId[14] === "7";
  const createdAt = timed
    ? Number.parseInt(writeId.replace("-", "").slice(0, 12), 16)
    : Number.MAX_SAFE_INTEGER;
  return { version: writeId, writeId, createdAt };
}

function tagged(all: readonly Tag[] | undefined, key: string, value: string): boolean {
  return all?.some((tag) => tag.Key === key && tag.Value === value) ?? false;
}
