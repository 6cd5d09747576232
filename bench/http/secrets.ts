// The secrets of a bench run: names and values made from a number, so that the process which writes
// them and the one which asks for them agree without a list.
import { hash } from "node:crypto";

export const storePath = "/v1/organizations/default/stores/default";

/** Every n-th of the secrets: a few of them lie all over the tables, as those of a real reader do. */
export interface Selection {
  readonly count: number;
  readonly stride: number;
}

/** All names and all values have one length, so that all answers have one. */
export const secretName = (index: number): string => `SERVICE_${String(index).padStart(7, "0")}_PASSWORD`;

/** 43 characters, as long as a random key of 256 bits. */
export const secretValue = (index: number): string => hash("sha256", `value ${index}`, "base64url");

export function select(secrets: number, count: number): Selection {
  return { count: Math.min(count, secrets), stride: Math.max(1, Math.floor(secrets / count)) };
}

export function namesOf({ count, stride }: Selection): string[] {
  return Array.from({ length: count }, (_, index) => secretName(index * stride));
}
