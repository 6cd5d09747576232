// A root-key provider out of what is configured. Its client is loaded here, not before.
import { openAwsKms } from "./aws-kms.ts";
import { openPkcs11 } from "./pkcs11/provider.ts";
import type { Credential, ProviderSettings, RootProvider } from "./provider.ts";
import { openVaultTransit } from "./vault-transit.ts";

/** `credential`: the token or the PIN; Amazon's client finds its own. */
export async function openRootProvider(
  settings: ProviderSettings,
  credential: Credential,
): Promise<RootProvider> {
  switch (settings.kind) {
    case "aws-kms":
      return openAwsKms(settings);
    case "vault-transit":
      return openVaultTransit(settings, credential);
    case "pkcs11":
      return openPkcs11(settings, credential);
  }
}
