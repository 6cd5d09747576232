// `/docs`: the reference of the native API, made from its document when it is first asked for and kept.
// It needs no credential: it says what every Coffer of this version says, and nothing of this one.
import { readFileSync } from "node:fs";
import type { FastifyInstance } from "fastify";
import { refuseOtherMethods } from "../../http/methods.ts";
import { html } from "./html.ts";
import { pageHeaders, pageOf } from "./layout.ts";
import { fromMarkdown } from "./markdown.ts";
import { type ApiDocument, contentsPart, objectsPart, sectionPart, sectionsOf } from "./operations.ts";

export function referencePages(app: FastifyInstance, documentOf: () => string): void {
  page(app, "/docs", () => apiPage(JSON.parse(documentOf())));
  page(app, "/docs/errors", () => pageOf("Coffer: errors", fromMarkdown(reference("errors"))));
  page(app, "/docs/limits", () => pageOf("Coffer: limits", fromMarkdown(reference("limits"))));
}

function page(app: FastifyInstance, url: string, made: () => string): void {
  let kept: string | null = null;
  app.get(url, async (_request, reply) => {
    kept ??= made();
    return reply.headers(pageHeaders).send(kept);
  });
  refuseOtherMethods(app, url, ["GET"]);
}

/** The same three steps up from src/server/reference and from dist/server/reference. */
function reference(name: "errors" | "limits"): string {
  return readFileSync(new URL(`../../../docs/reference/${name}.md`, import.meta.url), "utf8");
}

function apiPage(document: ApiDocument): string {
  const url = document.servers[0]?.url ?? "";
  const sections = sectionsOf(document);
  return pageOf(
    "Coffer: the API",
    html`<h1>The native API</h1>
<p>JSON over HTTP below <code>${url}/v1</code>. Every request but a few carries a token:
<code>Authorization: Bearer coffer_…</code>. <code>coffer login</code> writes it into a file for <code>curl
-K</code>, as the
examples have it, so that it stands in no argument.</p>
<ul>
<li>Places in a path are named by slug or id, a secret by its name (percent-encoded) or its id; text in the
form of an id is one, unless
<code>?by=name</code> says otherwise.</li>
<li>What is sent may have no member but those named here. A value is text, kept byte for byte.</li>
<li>Lists come in pages: <code>limit</code>, and <code>nextCursor</code> for the <code>cursor</code> of the
next; null at the end.</li>
<li>A secret and its value carry their revision as <code>ETag</code>. <code>If-Match</code> makes a change
only of what you have seen (412),
<code>If-None-Match</code> reads only what you have not (304).</li>
<li>An error has a <a href="/docs/errors">code that never changes its meaning</a>, and the id of the
request, by which the audit trail and the log
know it. With 503 and <code>storage.outcome_unknown</code> look before you repeat; with any other 503
nothing was done.</li>
<li>What a credential may not see looks like what is not there: 404.</li>
<li>Sizes, counts and times have <a href="/docs/limits">bounds</a>.</li>
</ul>
${contentsPart(sections)}${sections.map((section) => sectionPart(section, url))}${objectsPart(document)}`,
  );
}
