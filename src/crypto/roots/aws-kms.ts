// The root-key provider "aws-kms": AWS KMS, by its official client. Credentials are found by the client as
// every AWS program finds them. Keeps: a key is named in every request, also where KMS would find it by
// itself, so that nothing opens that another key wrapped.
import type { EncryptCommandOutput, KMSClient } from "@aws-sdk/client-kms";
import { limits } from "../../core/limits.ts";
import {
  type AwsKmsSettings,
  contextMap,
  lacksPackage,
  type ProviderFailure,
  providerError,
  type RootProvider,
} from "./provider.ts";

const packageName = "@aws-sdk/client-kms";
const packageRange = "^3.1100.0";
const algorithm = "SYMMETRIC_DEFAULT";
/** As it stands in a record. */
const algorithmName = "symmetric-default";

/** Wrapping and unwrapping have no effect, so the client may repeat them. */
const attemptsMax = 3;
const connectMsMax = 3_000;
const attemptMsMax = 5_000;

export async function openAwsKms(settings: AwsKmsSettings): Promise<RootProvider> {
  const { key, region, endpoint } = settings;
  const { KMSClient, EncryptCommand, DecryptCommand } = await load();
  const client: KMSClient = new KMSClient({
    region,
    maxAttempts: attemptsMax,
    requestHandler: {
      connectionTimeout: connectMsMax,
      requestTimeout: attemptMsMax,
      throwOnRequestTimeout: true,
    },
    ...(endpoint === null ? {} : { endpoint }),
  });
  const name = `AWS KMS key ${key} in ${region}`;

  async function asked<T>(request: (options: { abortSignal: AbortSignal }) => Promise<T>): Promise<T> {
    try {
      return await request({ abortSignal: AbortSignal.timeout(limits.rootProviderMs) });
    } catch (cause) {
      throw failureOf(name, cause);
    }
  }

  return {
    kind: "aws-kms",
    async wrap(plain, context) {
      const command = new EncryptCommand({
        KeyId: key,
        Plaintext: plain,
        EncryptionContext: contextMap(context),
        EncryptionAlgorithm: algorithm,
      });
      const { KeyId, CiphertextBlob }: EncryptCommandOutput = await asked((options) =>
        client.send(command, options),
      );
      if (KeyId === undefined || CiphertextBlob === undefined) throw providerError(name, "refused");
      return { keyId: KeyId, algorithm: algorithmName, blob: Buffer.from(CiphertextBlob) };
    },
    async unwrap({ keyId, algorithm: by, blob }, context) {
      if (by !== algorithmName) throw providerError(name, "damaged");
      const command = new DecryptCommand({
        KeyId: keyId,
        CiphertextBlob: blob,
        EncryptionContext: contextMap(context),
        EncryptionAlgorithm: algorithm,
      });
      const { Plaintext } = await asked((options) => client.send(command, options));
      if (Plaintext === undefined) throw providerError(name, "refused");
      const bytes = Buffer.from(Plaintext);
      Plaintext.fill(0);
      return bytes;
    },
    describe: () => name,
  };
}

async function load() {
  try {
    return await import("@aws-sdk/client-kms");
  } catch (cause) {
    throw lacksPackage("aws-kms", packageName, packageRange, cause);
  }
}

const failures: Readonly<Record<string, ProviderFailure>> = {
  InvalidCiphertextException: "damaged",
  IncorrectKeyException: "damaged",
  DisabledException: "key-unusable",
  KMSInvalidStateException: "key-unusable",
  NotFoundException: "no-key",
  InvalidKeyUsageException: "refused",
  InvalidGrantTokenException: "denied",
  AccessDeniedException: "denied",
  UnrecognizedClientException: "denied",
  InvalidSignatureException: "denied",
  IncompleteSignature: "denied",
  MissingAuthenticationToken: "denied",
  ExpiredTokenException: "denied",
  // Where they come from may start later than this server; to ask again harms nothing.
  CredentialsProviderError: "unavailable",
  KeyUnavailableException: "unavailable",
  DependencyTimeoutException: "unavailable",
  KMSInternalException: "unavailable",
  ThrottlingException: "unavailable",
  LimitExceededException: "unavailable",
};

/** By names and statuses alone; what KMS says in words goes nowhere. */
function failureOf(provider: string, cause: unknown) {
  const { name = "", $metadata = {} } = (cause ?? {}) as {
    name?: string;
    $metadata?: { httpStatusCode?: number; requestId?: string };
  };
  const { httpStatusCode, requestId } = $metadata;
  // Without an answer it was the way there, or time.
  const otherwise = httpStatusCode !== undefined && httpStatusCode < 500 ? "refused" : "unavailable";
  const known = Object.hasOwn(failures, name) ? failures[name] : undefined;
  const id = requestId !== undefined && /^[\w-]{1,64}$/.test(requestId) ? requestId : null;
  return providerError(provider, known ?? otherwise, {
    cause,
    ...(id === null ? {} : { note: `AWS request ${id}` }),
  });
}
