// What stands in for AWS Secrets Manager, the rules of this repository or moto, reached with AWS' own
// client. A version without a label of its own is as good as gone: AWS prunes it in its own time.
import {
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { startMoto } from "../../conformance/support/moto.ts";
import type { Exchange } from "./fault-proxy.ts";
import { type Doing, type Remote, type RemoteObject, replied } from "./remote.ts";
import { serveSecretsManager } from "./secrets-manager.ts";

const region = "eu-central-1";
const does: Readonly<Record<string, Doing>> = {
  PutSecretValue: "write",
  GetSecretValue: "read",
  UpdateSecretVersionStage: "destroy",
  DeleteSecret: "delete",
  ListSecrets: "list",
};
const errors: Readonly<Record<number, readonly [number, string]>> = {
  429: [400, "ThrottlingException"],
  500: [500, "InternalServiceError"],
  503: [503, "ServiceUnavailableException"],
};

type AwsCredentials = Readonly<Record<"AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY", string>>;

export async function startMotoRemote(): Promise<Remote> {
  const { url, credentials, stop } = await startMoto();
  return remoteAt(url, credentials, stop);
}

/** In the process of the test, which outlives the servers as well. */
export async function startAwsRemote(): Promise<Remote> {
  const { url, close } = await serveSecretsManager();
  return remoteAt(url, { AWS_ACCESS_KEY_ID: "of-nobody", AWS_SECRET_ACCESS_KEY: "of-nobody" }, close);
}

function remoteAt(url: string, credentials: AwsCredentials, stop: () => Promise<void>): Remote {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = credentials;
  const client = new SecretsManagerClient({
    region,
    endpoint: url,
    credentials: { accessKeyId, secretAccessKey },
  });
  const objectAt = async (name: string, secretId: string): Promise<RemoteObject> => {
    const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId: name }));
    const labelled = Object.values(VersionIdsToStages).filter((labels) => labels.length > 0).length;
    const versions = await Promise.all(
      Object.entries(VersionIdsToStages).map(async ([version, labels = []]) => {
        const { SecretString = null, SecretBinary } = await client.send(
          new GetSecretValueCommand({ SecretId: name, VersionId: version }),
        );
        const stored = SecretString ?? (SecretBinary && Buffer.from(SecretBinary).toString("base64")) ?? null;
        // AWSPREVIOUS goes on to another with the next write, and moto gives it to one that had none. AWSCURRENT
        // can only be moved: moto takes the labels of versions that are wanted, and then there is none to move it to.
        const own = labels.some((label) => !label.startsWith("AWS"));
        return { version, stored, wanted: own || (labels.includes("AWSCURRENT") && labelled > 1) };
      }),
    );
    return { secretId, versions };
  };
  return {
    url,
    entry: (endpoint) => ({ kind: "aws-secrets-manager", region, endpoint }),
    env: credentials,
    doing,
    makesAnew: false,
    notFound: awsError(400, "ResourceNotFoundException"),
    refusal: (status) => awsError(...(errors[status] ?? [status, "InternalServiceError"])),
    async content(installationId) {
      const prefix = `coffer-${installationId}-`;
      const names: string[] = [];
      let token: string | undefined;
      do {
        const page = await client.send(
          new ListSecretsCommand({ MaxResults: 100, ...(token === undefined ? {} : { NextToken: token }) }),
        );
        names.push(
          ...(page.SecretList ?? []).flatMap(({ Name = "" }) => (Name.startsWith(prefix) ? [Name] : [])),
        );
        token = page.NextToken;
      } while (token !== undefined);
      const objects = names.map((name) => ({ name, secretId: name.slice(prefix.length) }));
      const secrets = objects.filter(({ secretId }) => /^[0-9a-f-]{36}$/.test(secretId));
      return Promise.all(secrets.map(({ name, secretId }) => objectAt(name, secretId)));
    },
    async remove(installationId, secretId) {
      const SecretId = `coffer-${installationId}-${secretId}`;
      await client.send(new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true }));
    },
    async stop() {
      client.destroy();
      await stop();
    },
  };
}

function doing({ headers, body }: Exchange): Doing {
  if (body.includes("restore-epoch")) return "other";
  return does[(headers["x-amz-target"] ?? "").replace("secretsmanager.", "")] ?? "other";
}

function awsError(status: number, name: string) {
  return replied(
    status,
    { __type: name, message: "not now" },
    { "content-type": "application/x-amz-json-1.1" },
  );
}
