// From a broken schema to a sentence that names the field and the rule, never the input.
import type { FastifySchemaValidationError } from "fastify/types/schema.js";
import { type CofferError, invalid } from "../core/errors.ts";

/** `part`: body, querystring, params or headers, as the framework calls them. */
export function validationError(errors: readonly FastifySchemaValidationError[], part: string): CofferError {
  const [first] = errors;
  if (first === undefined) return invalid(part, "is not of the expected form");
  const field = fieldOf(first) ?? (part === "querystring" ? "query" : part);
  return invalid(field, ruleOf(first));
}

function fieldOf(error: FastifySchemaValidationError): string | null {
  const { missingProperty, additionalProperty } = error.params;
  const path = error.instancePath.split("/").slice(1).map(unescapePointer).filter(isShort);
  // The name of an unknown member came from outside, but names are not values: naming it helps.
  const last = typeof missingProperty === "string" ? missingProperty : additionalProperty;
  if (typeof last === "string" && isShort(last)) path.push(last);
  return path.length === 0 ? null : path.join(".");
}

/** Keys of labels come from outside too. */
const isShort = (part: string) => part.length <= 64;

const unescapePointer = (part: string) => part.replaceAll("~1", "/").replaceAll("~0", "~");

function ruleOf({ keyword, params }: FastifySchemaValidationError): string {
  switch (keyword) {
    case "required":
      return "is required";
    case "additionalProperties":
      return "is not a member known here";
    case "type":
      return `must be ${typeName(params.type)}`;
    case "anyOf":
      return "has a wrong type";
    case "enum":
      return `must be one of ${list(params.allowedValues)}`;
    case "const":
      return "must be the one value allowed here";
    case "minLength":
      return "must not be empty";
    case "maxLength":
      return `must have at most ${params.limit} characters`;
    case "minItems":
      return `must have at least ${params.limit} entries`;
    case "maxItems":
      return `must have at most ${params.limit} entries`;
    case "minimum":
      return `must be at least ${params.limit}`;
    case "maximum":
      return `must be at most ${params.limit}`;
    case "format":
      return `must be a ${params.format}`;
    default:
      return "is not of the expected form";
  }
}

function typeName(type: unknown): string {
  return Array.isArray(type) ? type.join(" or ") : `of type ${String(type)}`;
}

function list(values: unknown): string {
  return Array.isArray(values) ? values.map((value) => `"${String(value)}"`).join(", ") : "a closed list";
}
