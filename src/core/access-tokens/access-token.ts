// A machine's access token: a token row whose client logs in with a secret and is given a payload, which
// it alone can open, with the key of all names and values that it will be shown.
import { invalid } from "../errors.ts";
import type { Token } from "../tokens/token.ts";

export type AccessToken = Pick<Token, "id" | "name" | "expiresAt" | "createdAt"> & {
  readonly organizationId: string;
  readonly machineId: string;
};

export function demandFuture(expiresAt: number | null, at: number): void {
  if (expiresAt !== null && expiresAt <= at) throw invalid("expiresAt", "must be in the future");
}
