// A schema of the document as a reader wants it: a line for each member, in words; and an example.
import { type Html, html, type Part } from "./html.ts";

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly minimum?: number;
  readonly maximum?: number;
}

export interface Row {
  readonly name: string;
  readonly type: Html;
  /** Beside the name. */
  readonly aside: string;
  readonly note: string;
}

const words: Readonly<Record<string, string>> = {
  string: "text",
  integer: "whole number",
  number: "number",
  boolean: "true or false",
  object: "object",
  null: "null",
};

/** What it is, in words; a named object is a link to it. */
export function typeOf(schema: Schema): Html {
  if (schema.$ref !== undefined) {
    const name = nameOf(schema.$ref);
    return html`<a href="#${name}">${name}</a>`;
  }
  if (schema.enum !== undefined) return codes(schema.enum, isNullable(schema));
  if (schema.const !== undefined) return codes([schema.const], false);
  if (schema.anyOf !== undefined) return joined(schema.anyOf.map(typeOf));
  const or = isNullable(schema) ? " or null" : "";
  if (schema.items !== undefined) return html`list of ${typeOf(schema.items)}${or}`;
  const values = valuesOf(schema);
  if (values !== null) return html`names, each with ${typeOf(values)}${or}`;
  const known = [schema.type ?? []].flat().filter((type) => type !== "null");
  const said = schema.format === "uuid" ? "id" : known.map((type) => words[type] ?? type).join(" or ");
  return html`${said === "" ? "anything" : said}${or}`;
}

function codes(values: readonly unknown[], orNull: boolean): Html {
  const shown = values.filter((value) => value !== null).map((value) => html`<code>${String(value)}</code>`);
  return joined(orNull ? [...shown, html`null`] : shown);
}

function joined(parts: readonly Html[]): Html {
  return html`${parts.map((part, index): Part => [index === 0 ? "" : " or ", part])}`;
}

function isNullable({ type }: Schema): boolean {
  return Array.isArray(type) && type.includes("null");
}

/** Of a map: what each name has. */
function valuesOf({ additionalProperties, patternProperties }: Schema): Schema | null {
  if (typeof additionalProperties === "object") return additionalProperties;
  return Object.values(patternProperties ?? {})[0] ?? null;
}

/** Its members, those of inner objects by their way: `items[].name`. `asked`: some of them must be there. */
export function membersOf(schema: Schema, asked: boolean, way = ""): Row[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, member]) => {
    const inner = member.items ?? member;
    const aside = asked && schema.required?.includes(name) ? "required" : "";
    return [
      { name: `${way}${name}`, type: typeOf(member), aside, note: noteOf(member) },
      ...membersOf(inner, asked, `${way}${name}${member.items === undefined ? "." : "[]."}`),
    ];
  });
}

function noteOf({ description, minimum, maximum, examples }: Schema): string {
  const from = minimum === undefined ? "" : `from ${minimum.toLocaleString("en")}`;
  const to = maximum === undefined ? "" : `to ${maximum.toLocaleString("en")}`;
  const example = examples?.[0] === undefined ? "" : `as ${JSON.stringify(examples[0])}`;
  return [description ?? "", `${from} ${to}`.trim(), example].filter((text) => text !== "").join("; ");
}

export function nameOf(reference: string): string {
  return reference.slice(reference.lastIndexOf("/") + 1);
}

const aUuid = "01a1f8cc-d050-759f-b444-912a6c496fd1";

/** What members of these names are like; by the name alone, as a reader would guess. */
const examples: Readonly<Record<string, unknown>> = {
  name: "DATABASE_PASSWORD",
  names: ["DATABASE_PASSWORD"],
  value: "correct horse",
  slug: "web-prod",
  store: "default",
  email: "ada@example.org",
  role: "member",
  expiresAt: "2099-01-31T12:00:00.000Z",
  scopes: ["secret.reveal"],
  addresses: ["192.0.2.0/24"],
  action: "secret.reveal",
  issuer: "https://agent.buildkite.com",
  audience: "https://coffer.example.org",
  claims: { pipeline_slug: "web" },
  kind: "machine",
  level: "read",
  jobId: "job-1",
  ttlSeconds: 600,
  invitation: "coffer_invitation_...",
  as: "job",
  object: { kind: "store", id: aUuid },
};

/** What must be there, and a value; one member where nothing must. */
export function exampleOf(schema: Schema, name = ""): unknown {
  if (schema.examples?.[0] !== undefined) return schema.examples[0];
  if (schema.enum !== undefined)
    return schema.enum.includes(examples[name]) ? examples[name] : schema.enum[0];
  if (Object.hasOwn(examples, name)) return examples[name];
  if (schema.properties !== undefined) {
    const members = Object.entries(schema.properties);
    const needed = members.filter(([member]) => member === "value" || schema.required?.includes(member));
    const shown = needed.length > 0 ? needed : members.slice(0, 1);
    return Object.fromEntries(shown.map(([member, inner]) => [member, exampleOf(inner, member)]));
  }
  if (schema.format === "uuid" || name === "id") return aUuid;
  if (schema.anyOf !== undefined) return exampleOf(schema.anyOf[0] ?? {}, name);
  if (schema.items !== undefined) return [exampleOf(schema.items, name)];
  switch ([schema.type ?? "object"].flat()[0]) {
    case "integer":
    case "number":
      return schema.minimum ?? 1;
    case "boolean":
      return true;
    case "object":
      return {};
    default:
      return "text";
  }
}

const pathExamples: Readonly<Record<string, string>> = {
  org: "default",
  store: "default",
  secret: "DATABASE_PASSWORD",
  version: "1",
  term: "1",
  job: "job-1",
  rootKey: "rk_4f1c0d9e8b7a6352",
};

export function pathExample(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => pathExamples[name] ?? aUuid);
}
