// Status objects: how Kubernetes answers everything that is no object. Clients decide by `reason` and
// `code`, and print `message` and `causes`, so the words are exact. No value may stand in one.

export const group = "secret.grafana.app";
export const version = "v1beta1";
export const groupVersion = `${group}/${version}`;

export type CauseType =
  | "FieldValueRequired"
  | "FieldValueInvalid"
  | "FieldValueForbidden"
  | "FieldValueTooLong"
  | "FieldValueTooMany"
  | "FieldValueDuplicate"
  | "FieldValueNotSupported";

/** What is wrong with one field. `message` begins with the words that go with its type. */
export interface FieldError {
  readonly reason: CauseType;
  readonly message: string;
  readonly field: string;
}

export interface Status {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: Readonly<Record<string, never>>;
  readonly status: "Failure" | "Success";
  readonly message?: string;
  readonly reason?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly code: number;
}

/** An answer, of whatever kind. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
}

export function isAnswer(value: object): value is Answer {
  return "status" in value && typeof value.status === "number" && "body" in value;
}

/** The thing that a request is about, as errors name it. */
export interface Named {
  readonly resource: string;
  readonly kind: string;
  readonly name: string | null;
}

const detailsOf = ({ resource, name }: Named) => ({
  ...(name === null ? {} : { name }),
  group,
  kind: resource,
});

export function failure(
  code: number,
  reason: string,
  message: string,
  details?: Readonly<Record<string, unknown>>,
): Answer {
  const body: Status = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason,
    ...(details === undefined ? {} : { details }),
    code,
  };
  return { status: code, body };
}

export function success(details: Readonly<Record<string, unknown>>): Answer {
  const body: Status = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details,
    code: 200,
  };
  return { status: 200, body };
}

export const badRequest = (message: string) => failure(400, "BadRequest", message);

/** `User "u" cannot get resource ...`: the same for what is there and what is not. */
export function forbidden(
  named: Named,
  who: { user: string; verb: string; namespace: string | null },
): Answer {
  const { user, verb, namespace } = who;
  const where = namespace === null ? " at the cluster scope" : ` in the namespace ${quoted(namespace)}`;
  const message =
    `${qualified(named)} is forbidden: User ${quoted(user)} cannot ${verb} resource "${named.resource}" ` +
    `in API group "${group}"${where}`;
  return failure(403, "Forbidden", message, detailsOf(named));
}

export function notFound(named: Named): Answer {
  return failure(404, "NotFound", `${qualified(named)} not found`, detailsOf(named));
}

export function alreadyExists(named: Named): Answer {
  return failure(409, "AlreadyExists", `${qualified(named)} already exists`, detailsOf(named));
}

export const modified =
  "the object has been modified; please apply your changes to the latest version and try again";

export function otherUid(given: string, found: string): string {
  return `Precondition failed: UID in precondition: ${given}, UID in object meta: ${found}`;
}

export function conflict(named: Named, detail: string): Answer {
  const message = `Operation cannot be fulfilled on ${qualified(named)}: ${detail}`;
  return failure(409, "Conflict", message, detailsOf(named));
}

export function expired(message: string): Answer {
  return failure(410, "Expired", message);
}

/** 422: all that is wrong with an object. Here `kind` is the kind, not the resource. */
export function invalid(
  what: { readonly kind: string; readonly group: string; readonly name: string | null },
  errors: readonly FieldError[],
): Answer {
  const texts = errors.map(({ field, message }) => `${field}: ${message}`);
  const said = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  const { kind, group: of, name } = what;
  const message = `${kind}.${of} ${quoted(name ?? "")} is invalid: ${said}`;
  return failure(422, "Invalid", message, {
    ...(name === null || name === "" ? {} : { name }),
    group: of,
    kind,
    causes: errors,
  });
}

function qualified({ resource, name }: Named): string {
  const of = `${resource}.${group}`;
  return name === null ? of : `${of} ${quoted(name)}`;
}

/** As Go quotes text: what a terminal would act on is escaped. */
export function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u00ad\u2028\u2029\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

export const required = (field: string, detail: string): FieldError => ({
  reason: "FieldValueRequired",
  message: `Required value: ${detail}`,
  field,
});

export const forbiddenField = (field: string, detail: string): FieldError => ({
  reason: "FieldValueForbidden",
  message: `Forbidden: ${detail}`,
  field,
});

/** `shown` is repeated to the client: never a value. */
export const invalidField = (field: string, shown: string, detail: string): FieldError => ({
  reason: "FieldValueInvalid",
  message: `Invalid value: ${quoted(shown)}: ${detail}`,
  field,
});

export const tooLong = (field: string, max: number, unit: "characters" | "bytes"): FieldError => ({
  reason: "FieldValueTooLong",
  message: `Too long: may not be more than ${max} ${unit}`,
  field,
});

export const tooMany = (field: string, count: number, max: number): FieldError => ({
  reason: "FieldValueTooMany",
  message: `Too many: ${count}: must have at most ${max} items`,
  field,
});

export const notSupported = (field: string, shown: string, allowed: readonly string[]): FieldError => ({
  reason: "FieldValueNotSupported",
  message: `Unsupported value: ${quoted(shown)}: supported values: ${allowed.map(quoted).join(", ")}`,
  field,
});
