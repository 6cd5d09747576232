// Makes the backends that the configuration names. What one of them needs is loaded here and only for it: an
// installation without it neither loads nor has to install it.
import type { Backend } from "../core/backends/port.ts";
import type { Clock } from "../core/clock.ts";
import type { BackendSettings } from "./settings.ts";

export interface BackendOptions {
  readonly installationId: string;
  readonly clock: Clock;
}

/** As package.json has it. */
export const awsClient = { package: "@aws-sdk/client-secrets-manager", range: "^3.1100.0" };

export async function openBackend(
  name: string,
  settings: BackendSettings,
  { installationId, clock }: BackendOptions,
): Promise<Backend> {
  if (settings.kind === "vault-kv2") {
    const { vaultKv2 } = await import("./vault-kv2.ts");
    return vaultKv2(settings, { name, installationId, clock });
  }
  const adapter = () => import("./aws-secrets-manager.ts");
  const { awsSecretsManager } = await loaded(`The backend "${name}"`, awsClient, adapter);
  return awsSecretsManager(settings, { name, installationId });
}

interface Package {
  readonly package: string;
  readonly range: string;
}

/** A package that was not installed is named, so that somebody can install it. */
export async function loaded<T>(wants: string, client: Package, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const missing = cause instanceof Error && "code" in cause && cause.code === "ERR_MODULE_NOT_FOUND";
    if (!missing || !cause.message.includes(`'${client.package}'`)) throw cause;
    const install = `npm install "${client.package}@${client.range}"`;
    throw new Error(`${wants} needs a package that is not installed: ${install}`, { cause });
  }
}
