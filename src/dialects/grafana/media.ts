// Media types of bodies.
import { CofferError } from "../../core/errors.ts";

export function mediaType(contentType: string | undefined): string {
  return (contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
}

export function unsupported(types: string): CofferError {
  return new CofferError(
    "request.media_type",
    `the body of the request was in an unknown format - accepted media types include: ${types}`,
  );
}

/** Of a whole object. */
export function bodyForm(contentType: string | undefined): "json" | "yaml" {
  const type = mediaType(contentType);
  if (type === "application/json" || type === "") return "json";
  if (type === "application/yaml") return "yaml";
  throw unsupported("application/json, application/yaml");
}
