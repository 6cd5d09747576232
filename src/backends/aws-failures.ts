// What the errors of AWS' client mean here. Their text goes no further.
import { SecretsManagerServiceException } from "@aws-sdk/client-secrets-manager";
import { BackendError, type BackendFailure } from "../core/backends/port.ts";
import { unanswered } from "./attempts.ts";

const failures: Readonly<Record<string, BackendFailure>> = {
  ResourceNotFoundException: "not-found",
  ResourceExistsException: "already-exists",
  PreconditionNotMetException: "conflict",
  InvalidParameterException: "invalid",
  ValidationException: "invalid",
  // A quota, or a key of KMS that this caller may not use: nothing that trying again would help.
  LimitExceededException: "denied",
  EncryptionFailure: "denied",
  DecryptionFailure: "denied",
  AccessDeniedException: "denied",
  UnrecognizedClientException: "denied",
  InvalidSignatureException: "denied",
  ExpiredTokenException: "denied",
  ThrottlingException: "throttled",
  TooManyRequestsException: "throttled",
  RequestLimitExceeded: "throttled",
  InternalServiceError: "unavailable",
  ServiceUnavailableException: "unavailable",
};

/** `lost` is what it comes to if it was sent and nothing came back. */
export function failureOf(error: unknown, lost: "unavailable" | "ambiguous"): BackendError {
  if (error instanceof SecretsManagerServiceException) {
    const { name, message, $metadata } = error;
    return new BackendError(meaningOf(name, message, $metadata.httpStatusCode, lost), $metadata.requestId);
  }
  // Before anything is sent: there are no credentials, or nobody vouches for them.
  if (error instanceof Error && error.name === "CredentialsProviderError") return new BackendError("denied");
  return unanswered(error, lost);
}

function meaningOf(name: string, message: string, status = 0, lost: BackendFailure): BackendFailure {
  // One name for every state that does not allow a request; only its text tells them apart.
  if (name === "InvalidRequestException") return /delet/i.test(message) ? "pending-deletion" : "conflict";
  const known = failures[name];
  if (known !== undefined) return known;
  if (status === 429) return "throttled";
  if (status === 401 || status === 403) return "denied";
  return status >= 500 ? lost : "invalid";
}
