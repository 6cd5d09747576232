// The rules of AWS Secrets Manager as AWS documents them, in memory, as far as the adapter asks for them: what
// a token of a client means, how labels move and how many there may be, what is scheduled for deletion. It is
// a stand-in: that it agrees with AWS is nowhere shown.
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { listening } from "./kv2-server.ts";

type Input = Readonly<Record<string, unknown>>;

interface Version {
  readonly string: string | null;
  /** Base64, as it travels. */
  readonly binary: string | null;
}

interface Secret {
  readonly name: string;
  readonly createdAt: number;
  readonly tags: readonly { readonly Key: string; readonly Value: string }[];
  readonly versions: Map<string, Version>;
  /** By its label: a label is on one version at a time. */
  readonly labels: Map<string, string>;
  deletedAt: number | null;
}

class Refusal extends Error {
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

const valueBytesMax = 65_536;
const labelsMax = 20;
const nameForm = /^[\w/+=.@-]{1,512}$/;

export class SecretsManager {
  readonly #secrets = new Map<string, Secret>();

  answer(action: string, input: Input): object {
    switch (action) {
      case "CreateSecret":
        return this.#create(input);
      case "PutSecretValue":
        return this.#put(this.#living(input), input);
      case "GetSecretValue":
        return this.#get(this.#living(input), input);
      case "DescribeSecret":
        return shown(this.#known(input));
      case "UpdateSecretVersionStage":
        return this.#moveLabel(this.#living(input), input);
      case "DeleteSecret":
        return this.#delete(input);
      case "ListSecrets":
        return this.#list(input);
      default:
        throw new Refusal("InvalidAction", "no such action");
    }
  }

  #known({ SecretId }: Input): Secret {
    const secret = this.#secrets.get(String(SecretId));
    if (secret === undefined) {
      throw new Refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
    }
    return secret;
  }

  #living(input: Input): Secret {
    const secret = this.#known(input);
    if (secret.deletedAt === null) return secret;
    const text = "You can't perform this operation on the secret because it was marked for deletion.";
    throw new Refusal("InvalidRequestException", text);
  }

  #create(input: Input): object {
    const name = String(input.Name);
    if (!nameForm.test(name)) throw new Refusal("InvalidParameterException", "Invalid name.");
    const before = this.#secrets.get(name);
    if (before?.deletedAt !== null && before !== undefined) {
      const text =
        "You can't create this secret because a secret with this name is already scheduled for deletion.";
      throw new Refusal("InvalidRequestException", text);
    }
    if (before !== undefined) {
      throw new Refusal(
        "ResourceExistsException",
        `The operation failed because the secret ${name} already exists.`,
      );
    }
    const secret: Secret = {
      name,
      createdAt: Date.now(),
      tags: (input.Tags ?? []) as Secret["tags"], // as the client's types have it
      versions: new Map(),
      labels: new Map(),
      deletedAt: null,
    };
    if (input.SecretString !== undefined || input.SecretBinary !== undefined) this.#put(secret, input);
    this.#secrets.set(name, secret);
    return { Name: name };
  }

  #put(secret: Secret, input: Input): object {
    const token = String(input.ClientRequestToken);
    if (token.length < 32 || token.length > 64)
      throw new Refusal("InvalidParameterException", "Invalid token.");
    const version = versionOf(input);
    const before = secret.versions.get(token);
    if (before !== undefined) {
      if (before.string === version.string && before.binary === version.binary) return { VersionId: token };
      const text = "A resource with the ID you requested already exists.";
      throw new Refusal("ResourceExistsException", text);
    }
    const first = secret.versions.size === 0 ? ["AWSCURRENT"] : [];
    const labels = new Set([...first, ...((input.VersionStages as string[] | undefined) ?? ["AWSCURRENT"])]);
    if (new Set([...secret.labels.keys(), ...labels]).size > labelsMax) {
      throw new Refusal("LimitExceededException", "You have exceeded the number of staging labels.");
    }
    secret.versions.set(token, version);
    for (const label of labels) attach(secret, label, token);
    return { VersionId: token, VersionStages: labelsOn(secret, token) };
  }

  #get(secret: Secret, { VersionId }: Input): object {
    const id = VersionId === undefined ? secret.labels.get("AWSCURRENT") : String(VersionId);
    const version = id === undefined ? undefined : secret.versions.get(id);
    if (version === undefined) {
      throw new Refusal(
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret value.",
      );
    }
    const { string, binary } = version;
    const value = string === null ? { SecretBinary: binary } : { SecretString: string };
    return { Name: secret.name, VersionId: id, ...value };
  }

  #moveLabel(secret: Secret, { VersionStage, RemoveFromVersionId, MoveToVersionId }: Input): object {
    const label = String(VersionStage);
    const holder = secret.labels.get(label);
    if (holder !== RemoveFromVersionId)
      throw new Refusal("InvalidParameterException", "The label is elsewhere.");
    if (MoveToVersionId === undefined) {
      if (label === "AWSCURRENT")
        throw new Refusal("InvalidParameterException", "AWSCURRENT can only be moved.");
      secret.labels.delete(label);
    } else attach(secret, label, String(MoveToVersionId));
    return { Name: secret.name };
  }

  #delete(input: Input): object {
    const forced = input.ForceDeleteWithoutRecovery === true;
    const name = String(input.SecretId);
    if (forced) {
      this.#secrets.delete(name);
      return { Name: name };
    }
    const days = Number(input.RecoveryWindowInDays ?? 30);
    if (days < 7 || days > 30)
      throw new Refusal("InvalidParameterException", "RecoveryWindowInDays: 7 to 30.");
    const secret = this.#living(input);
    secret.deletedAt = Date.now() + days * 86_400_000;
    return { Name: name, DeletionDate: secret.deletedAt / 1000 };
  }

  #list({ Filters, MaxResults, NextToken }: Input): object {
    const filters = (Filters ?? []) as readonly {
      readonly Key: string;
      readonly Values: readonly string[];
    }[];
    const matching = [...this.#secrets.values()].filter(
      (secret) =>
        secret.deletedAt === null &&
        filters.every(
          ({ Key, Values }) => Key === "name" && Values.some((value) => secret.name.startsWith(value)),
        ),
    );
    const from = Number(NextToken ?? 0);
    const to = from + Number(MaxResults ?? 100);
    const next = to < matching.length ? { NextToken: String(to) } : {};
    const page = matching.slice(from, to).map(shown);
    return {
      SecretList: page.map(({ VersionIdsToStages, ...rest }) => ({
        ...rest,
        SecretVersionsToStages: VersionIdsToStages,
      })),
      ...next,
    };
  }
}

function versionOf({ SecretString, SecretBinary }: Input): Version {
  const string = typeof SecretString === "string" ? SecretString : null;
  const binary = typeof SecretBinary === "string" ? SecretBinary : null;
  const bytes = string === null ? Buffer.from(binary ?? "", "base64").length : Buffer.byteLength(string);
  if (bytes === 0 || bytes > valueBytesMax)
    throw new Refusal("InvalidParameterException", "The value's length.");
  return { string, binary };
}

function attach(secret: Secret, label: string, version: string): void {
  const before = secret.labels.get(label);
  secret.labels.set(label, version);
  if (label === "AWSCURRENT" && before !== undefined) secret.labels.set("AWSPREVIOUS", before);
}

function labelsOn(secret: Secret, version: string): string[] {
  return [...secret.labels].filter(([, holder]) => holder === version).map(([label]) => label);
}

/** Versions without a label are not shown. */
function shown(secret: Secret) {
  const labelled = [...new Set(secret.labels.values())].map((id) => [id, labelsOn(secret, id)]);
  return {
    Name: secret.name,
    CreatedDate: secret.createdAt / 1000,
    Tags: secret.tags,
    VersionIdsToStages: Object.fromEntries(labelled),
    ...(secret.deletedAt === null ? {} : { DeletedDate: secret.deletedAt / 1000 }),
  };
}

export interface SecretsManagerServer {
  readonly url: string;
  close(): Promise<void>;
}

export async function serveSecretsManager(): Promise<SecretsManagerServer> {
  const manager = new SecretsManager();
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const action = String(request.headers["x-amz-target"]).replace(/^secretsmanager\./, "");
      const headers = { "content-type": "application/x-amz-json-1.1", "x-amzn-requestid": randomUUID() };
      try {
        const text = JSON.stringify(manager.answer(action, JSON.parse(body)));
        response.writeHead(200, headers).end(text);
      } catch (error) {
        const { type, message } = error instanceof Refusal ? error : new Refusal("InternalServiceError", "");
        response.writeHead(type === "InternalServiceError" ? 500 : 400, headers);
        response.end(JSON.stringify({ __type: type, Message: message }));
      }
    });
  });
  await listening(server);
  const { port } = server.address() as AddressInfo; // a TCP server's
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
