// The root-key provider "vault-transit": the transit engine of Vault or OpenBao, over its HTTP API. The
// name of the version that wrapped stands in what it answers. Keeps: the token goes to this address
// alone and into no message; only https, or this very machine.
import { limits } from "../../core/limits.ts";
import {
  type Context,
  type Credential,
  contextBytes,
  type ProviderFailure,
  providerError,
  type RootProvider,
  type VaultTransitSettings,
} from "./provider.ts";

const algorithmName = "aead";
const wrappedForm = /^vault:v[1-9]\d{0,8}:[A-Za-z0-9+/]{4,1024}={0,2}$/;

export function openVaultTransit(settings: VaultTransitSettings, token: Credential): RootProvider {
  const { address, mount, key, namespace } = settings;
  const name = `transit key ${mount}/${key} at ${address}`;
  const keyId = `${mount}/${key}`;

  async function ask(work: "encrypt" | "decrypt", body: Record<string, string>): Promise<unknown> {
    const headers = {
      "content-type": "application/json",
      "x-vault-request": "true",
      "x-vault-token": await token(),
      ...(namespace === null ? {} : { "x-vault-namespace": namespace }),
    };
    const url = `${address}/v1/${mount}/${work}/${encodeURIComponent(key)}`;
    const response = await fetch(url, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
      // The token is for this address, not for where it may point to.
      redirect: "error",
      signal: AbortSignal.timeout(limits.rootProviderMs),
    }).catch((cause: unknown) => {
      throw providerError(name, "unavailable", { cause });
    });
    const text = await boundedText(response).catch((cause: unknown) => {
      throw providerError(name, "unavailable", { cause });
    });
    if (response.status !== 200) throw providerError(name, failureOf(work, response.status));
    return parsed(text);
  }

  const bound = (context: Context) => ({ associated_data: contextBytes(context).toString("base64") });

  return {
    kind: "vault-transit",
    async wrap(plain, context) {
      const answer = await ask("encrypt", { plaintext: plain.toString("base64"), ...bound(context) });
      const ciphertext = textAt(answer, "ciphertext");
      if (ciphertext === null || !wrappedForm.test(ciphertext)) throw providerError(name, "refused");
      return { keyId, algorithm: algorithmName, blob: Buffer.from(ciphertext, "latin1") };
    },
    async unwrap({ keyId: by, algorithm, blob }, context) {
      const ciphertext = blob.toString("latin1");
      if (by !== keyId || algorithm !== algorithmName || !wrappedForm.test(ciphertext)) {
        throw providerError(name, "damaged");
      }
      const answer = await ask("decrypt", { ciphertext, ...bound(context) });
      const plaintext = textAt(answer, "plaintext");
      if (plaintext === null) throw providerError(name, "refused");
      return Buffer.from(plaintext, "base64");
    },
    describe: () => name,
  };
}

/** Of an answer with a plaintext, 400 is what a changed ciphertext and a key that is not there have in common. */
function failureOf(work: "encrypt" | "decrypt", status: number): ProviderFailure {
  if (status === 403) return "denied";
  if (status === 404) return "no-key";
  if (status === 400) return work === "encrypt" ? "refused" : "damaged";
  // 412, 429, 472 and 473 are of a node that has not caught up, is busy, or stands by; 503 of a sealed one.
  return "unavailable";
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > limits.rootProviderAnswerBytesMax) throw new Error("the answer is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function textAt(answer: unknown, name: "ciphertext" | "plaintext"): string | null {
  const data: unknown =
    typeof answer === "object" && answer !== null && "data" in answer ? answer.data : null;
  if (typeof data !== "object" || data === null) return null;
  const value: unknown = (data as Record<string, unknown>)[name];
  return typeof value === "string" ? value : null;
}
