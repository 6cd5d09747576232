// From whatever was thrown to the one error of the domain.
import { CofferError } from "../core/errors.ts";

interface FrameworkError {
  readonly code?: unknown;
  readonly statusCode?: unknown;
}

/** The framework's own refusals by their codes; everything unknown is our fault and says nothing. */
export function toCofferError(error: unknown): CofferError {
  if (error instanceof CofferError) return error;
  const { code, statusCode }: FrameworkError = typeof error === "object" && error !== null ? error : {};
  switch (code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return new CofferError("request.too_large", "The body is larger than this route takes.", {
        field: "body",
      });
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return new CofferError("request.media_type", "The body must be application/json.", {
        field: "content-type",
      });
    case "FST_ERR_BAD_URL":
      return new CofferError("request.invalid", "The URL is not well-formed.", { field: "url" });
    case "FST_ERR_MAX_PARAM_LENGTH":
      return new CofferError("request.invalid", "A part of the path is too long.", { field: "url" });
  }
  if (statusCode === 400 || statusCode === 413) {
    return new CofferError("request.invalid", "The request is not well-formed.", { field: "request" });
  }
  return new CofferError(
    "internal",
    "Something went wrong in the server; its log has more under this request id.",
    {},
    { cause: error },
  );
}
