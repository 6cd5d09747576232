// The operations of the API's document, each as a part of a page: what it takes, what it answers, how it
// refuses, how it is called. It knows the form of the document and no operation by name.
import { type Html, html, type Part } from "./html.ts";
import { exampleOf, membersOf, pathExample, type Row, type Schema, typeOf } from "./schemas.ts";

interface Content {
  readonly content?: { readonly "application/json"?: { readonly schema: Schema } };
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly description?: string;
  readonly schema: Schema;
}

export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly security?: readonly unknown[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: Content & { readonly required: boolean };
  readonly responses: Readonly<Record<string, Content & { readonly description: string }>>;
}

export interface ApiDocument {
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

interface Placed {
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}

/** A path belongs to the first noun that fits; the order is that of the page. */
const nouns: readonly (readonly [title: string, path: RegExp])[] = [
  ["Secrets", /\/(?:secrets|values)\b/],
  ["Trash", /\/trash\b/],
  ["Jobs", /\/jobs\b/],
  ["Stores", /\/stores\b/],
  ["Tokens", /\/tokens\b/],
  ["People", /\/(?:people|invitations|me)\b/],
  ["Groups", /\/groups\b/],
  ["Machines", /\/(?:machines|bitwarden)\b/],
  ["Services", /\/services\b/],
  ["Grants", /\/(?:grants|explain)\b/],
  ["Trusts", /\/trusts\b/],
  ["Audit and changes", /\/(?:audit|changes)\b/],
  ["Keys of the installation", /\/installation\b/],
  ["Keys of an organization", /\/keys\b/],
  ["Organizations", /\/organizations\b/],
  ["The API itself", /./],
];

export interface Section {
  readonly title: string;
  readonly id: string;
  readonly operations: readonly Placed[];
}

export function sectionsOf(document: ApiDocument): readonly Section[] {
  const placed = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const titleOf = (path: string) => nouns.find(([, form]) => form.test(path))?.[0];
  return nouns
    .map(([title]) => ({
      title,
      id: title.toLowerCase().replaceAll(" ", "-"),
      operations: placed.filter(({ path }) => titleOf(path) === title),
    }))
    .filter(({ operations }) => operations.length > 0);
}

export function contentsPart(sections: readonly Section[]): Html {
  return html`<nav><h2>Contents</h2>${sections.map(
    ({ title, id, operations }): Part => html`
<section><h3><a href="#${id}">${title}</a></h3><ul>${operations.map(
      ({ method, operation }): Part =>
        html`<li><a href="#${operation.operationId}"><b>${method}</b> ${operation.operationId}</a></li>`,
    )}</ul></section>`,
  )}</nav>`;
}

export function sectionPart({ title, id, operations }: Section, url: string): Html {
  return html`
<h2 id="${id}">${title}</h2>${operations.map((it) => operationPart(it, url))}`;
}

function operationPart({ path, method, operation }: Placed, url: string): Html {
  const { operationId, summary, parameters, requestBody, responses } = operation;
  const taken = requestBody?.content?.["application/json"]?.schema;
  return html`
<article id="${operationId}">
<h3><a href="#${operationId}"><b>${method}</b> <code>${broken(path)}</code></a></h3>
<p>${summary}.</p>${parameters.length === 0 ? null : table("Parameters", "", parameters.map(parameterRow))}${
    taken === undefined
      ? null
      : table("Body", requestBody?.required === true ? "" : "may be left out", membersOf(taken, true))
  }${Object.entries(responses).map(([status, answer]) => answerPart(status, answer))}
<h4>Errors</h4><p>${errorsOf(path, operation).map(
    ([status, codes]): Part =>
      html`${status}${codes.map((code): Part => html` <a href="/docs/errors#${code}">${code}</a>`)} `,
  )}</p>
<h4>Example</h4><pre><code>${exampleCall(method, path, operation, url)}</code></pre>
</article>`;
}

/** Where a long path may be broken. */
function broken(path: string): Part {
  return path.split("/").map((part, index): Part => (index === 0 ? part : html`<wbr>/${part}`));
}

function parameterRow({ name, in: place, required, description, schema }: Parameter): Row {
  const aside = place === "query" && required ? "query, required" : place;
  return { name, type: description === undefined ? typeOf(schema) : html`${description}`, aside, note: "" };
}

function answerPart(status: string, answer: Content & { readonly description: string }): Part {
  if (status === "default") return null;
  const schema = answer.content?.["application/json"]?.schema;
  if (schema === undefined) {
    const empty = status === "204" || status === "304";
    return html`<h4>Answer ${status}</h4><p>${empty ? "No body." : answer.description}</p>`;
  }
  const rows = membersOf(schema, false);
  if (rows.length === 0) return html`<h4>Answer ${status}</h4><p>${typeOf(schema)}</p>`;
  return table(`Answer ${status}`, "", rows);
}

export function objectsPart({ components }: ApiDocument): Html {
  const objects = Object.entries(components.schemas);
  return html`
<h2 id="objects">Objects</h2>${objects.map(
    ([name, schema]): Part => html`
<article id="${name}"><h3><a href="#${name}">${name}</a></h3>${
      membersOf(schema, false).length === 0
        ? html`<p>${typeOf(schema)}</p>`
        : table("", "", membersOf(schema, false))
    }</article>`,
  )}`;
}

function table(title: string, aside: string, rows: readonly Row[]): Html {
  return html`
${title === "" ? null : html`<h4>${title}${small(aside)}</h4>`}<table>${rows.map(
    (row): Part => html`
<tr><th scope="row"><code>${row.name}</code>${small(row.aside)}</th><td>${row.type}${
      row.note === "" ? null : html`<br><small>${row.note}</small>`
    }</td></tr>`,
  )}</table>`;
}

function small(text: string): Part {
  return text === "" ? null : html` <small>${text}</small>`;
}

/** What a place in the path may not be, by its name. */
const missing: Readonly<Record<string, string>> = {
  org: "organization.not_found",
  store: "store.not_found",
  secret: "secret.not_found",
  version: "version.not_found",
  job: "job.not_found",
  term: "key.not_found",
  rootKey: "key.not_found",
};

/** The likely ones, from the form of the operation alone; every code has its row in the list of errors. */
function errorsOf(path: string, operation: Operation): (readonly [number, readonly string[]])[] {
  const places = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = ""]) => missing[name]);
  const found = [...new Set(places)].filter((code) => code !== undefined);
  const asked = operation.parameters.length > 0 || operation.requestBody !== undefined;
  const credential = operation.security === undefined;
  const conditional = operation.parameters.some(({ name }) => name === "If-Match");
  const all: (readonly [number, readonly string[]])[] = [
    [400, asked ? ["request.invalid"] : []],
    [401, credential ? ["caller.unauthenticated"] : []],
    [403, credential ? ["caller.denied"] : []],
    [404, found],
    [412, conditional ? ["precondition.failed"] : []],
    [503, ["storage.unavailable"]],
  ];
  return all.filter(([, codes]) => codes.length > 0);
}

/** For a shell: the token stands in a file that `coffer login` wrote, not among the arguments. */
function exampleCall(method: string, path: string, operation: Operation, url: string): string {
  const body = operation.requestBody?.content?.["application/json"]?.schema;
  const query = operation.parameters
    .filter((it) => it.in === "query" && it.required)
    .map(({ name, schema }) => `${name}=${encodeURIComponent(String(exampleOf(schema, name)))}`);
  const target = `${url}${pathExample(path)}${query.length === 0 ? "" : `?${query.join("&")}`}`;
  const curl = operation.security === undefined ? "curl -K ~/.config/coffer/curl.conf" : "curl";
  const own = method === "GET" || (method === "POST" && body !== undefined);
  const parts = [
    own ? curl : `${curl} -X ${method}`,
    `'${target}'`,
    ...(body === undefined ? [] : [`--json '${JSON.stringify(exampleOf(body))}'`]),
  ];
  return parts.join(parts.join(" ").length > 100 ? " \\\n  " : " ");
}
