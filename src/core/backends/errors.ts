// What callers hear of another backend. It names no vendor and repeats none of its words; the failure's
// class goes to the audit trail, the cause to the log.
import { CofferError, invalid } from "../errors.ts";

export function backendUnavailable(cause?: unknown): CofferError {
  return new CofferError(
    "backend.unavailable",
    "The backend that holds these values does not answer as it should; try again later.",
    {},
    { cause },
  );
}

/** The write took longer than its lease: what became of it is decided elsewhere, and it is not said to be done. */
export function leaseLost(): CofferError {
  return new CofferError("backend.unavailable", "The value took too long on its way to its backend.");
}

export function valueMissing(secretId: string, cause?: unknown): CofferError {
  const message = `The value of secret ${secretId} is not in the backend that should hold it.`;
  return new CofferError("value.missing", message, {}, { cause });
}

export function backendNotFound(): CofferError {
  return new CofferError("backend.not_found", "No backend of that name is configured.", { field: "backend" });
}

/** `limit` is of the value itself; what sealing adds is taken off. */
export function tooLargeForBackend(limit: number): CofferError {
  return invalid("value", `must have at most ${limit} bytes of UTF-8 in the store's backend`, { limit });
}
