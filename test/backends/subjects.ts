// The remotes that the contract is run against, by the adapters and by hand.
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { openBackend } from "../../src/backends/open.ts";
import { parseBackendSettings } from "../../src/backends/settings.ts";
import type { Subject } from "./contract.ts";

const clock = { now: () => Date.now() };

/** With KV version 2 at `secret/`. */
export function vaultSubject(address: string, token: string, tokenFile: string): Subject {
  const ask = (method: string, path: string, body?: object) =>
    fetch(`${address}/v1/secret/${path}`, {
      method,
      headers: { "x-vault-token": token },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const foreign = (installationId: string) => `coffer/${installationId}/${installationId}`;
  return {
    destroysAtOnce: true,
    open(installationId, payload) {
      const entry = { kind: "vault-kv2", address, payload, token: { file: tokenFile } };
      return openBackend("bao", parseBackendSettings("bao", entry), { installationId, clock });
    },
    async addForeign(installationId) {
      await ask("POST", `data/${foreign(installationId)}`, { data: { password: "of others" } });
    },
    async hasForeign(installationId) {
      return (await ask("GET", `data/${foreign(installationId)}`)).ok;
    },
  };
}

/** What an AWS client must find in its environment; a stand-in takes any. */
export const awsCredentials = { AWS_ACCESS_KEY_ID: "of-nobody", AWS_SECRET_ACCESS_KEY: "of-nobody" };

export function awsSubject(endpoint: string): Subject {
  const region = "eu-central-1";
  const client = new SecretsManagerClient({ region, endpoint });
  const foreign = (installationId: string) => `coffer-${installationId}-${installationId}`;
  return {
    destroysAtOnce: false,
    open(installationId, payload) {
      const entry = { kind: "aws-secrets-manager", region, endpoint, payload };
      return openBackend("aws", parseBackendSettings("aws", entry), { installationId, clock });
    },
    async addForeign(installationId) {
      await client.send(
        new CreateSecretCommand({ Name: foreign(installationId), SecretString: "of others" }),
      );
    },
    async hasForeign(installationId) {
      const { DeletedDate } = await client.send(
        new DescribeSecretCommand({ SecretId: foreign(installationId) }),
      );
      return DeletedDate === undefined;
    },
  };
}
