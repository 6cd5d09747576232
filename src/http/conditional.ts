// Conditional requests on revisions: ETag, If-Match, If-None-Match (RFC 9110, strong tags only).
import { invalid } from "../core/errors.ts";

export function etag(revision: number): string {
  return `"${revision}"`;
}

const tag = /^"(\d{1,15})"$/;

/** The revisions a header names; undefined where it is absent or `*`, which asks for no revision. */
export function revisionsOf(
  header: "if-match" | "if-none-match",
  text: string | undefined,
): number[] | undefined {
  if (text === undefined || text.trim() === "*") return undefined;
  if (text.length > 1_024) throw invalid(header, "must be shorter");
  return text.split(",").map((part) => {
    // A cache between may have weakened a tag; for If-None-Match that still compares.
    const strong = header === "if-none-match" ? part.trim().replace(/^W\//, "") : part.trim();
    const match = tag.exec(strong);
    if (match === null) throw invalid(header, "must be an ETag that this server gave");
    return Number(match[1]);
  });
}
