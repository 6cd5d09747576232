// The frame of every page: one style sheet inside of it, no script, nothing from elsewhere. The policy
// that goes with it names that style sheet by its digest and allows nothing more.
import { createHash } from "node:crypto";
import { Html, html } from "./html.ts";

const style = `
:root {
  color-scheme: light dark;
  --ink: #1b1f24; --soft: #59636e; --line: #d8dee4; --paper: #fff; --tint: #f4f6f8; --link: #0a5aa8
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #dfe4ea; --soft: #99a3ae; --line: #333b44; --paper: #14181d; --tint: #1c2229; --link: #7cb7f2
  }
}
* { box-sizing: border-box }
html { scroll-padding-top: 1rem }
body { margin: 0 auto; max-width: 50rem; padding: 2rem 1.25rem 6rem;
  color: var(--ink); background: var(--paper);
  font: 1rem/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", sans-serif }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 1.5rem 0 .75rem }
h2 { font-size: 1.4rem; line-height: 1.25; margin: 3.5rem 0 .5rem; padding-top: 1rem;
  border-top: 1px solid var(--line) }
h3 { font-size: 1.05rem; line-height: 1.4; margin: 2.5rem 0 .25rem }
h4 { font-size: .85rem; margin: 1.25rem 0 .35rem; color: var(--soft) }
p { margin: .5rem 0 .75rem }
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: 2px }
h3 a, nav a, header a { text-decoration: none }
a:hover { text-decoration: underline }
small { color: var(--soft); font-size: .85em }
code, pre { font-size: .86em;
  font-family: ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", monospace }
h3 code { font-size: .92em; overflow-wrap: break-word }
h3 a, h3 code { color: inherit }
h3 b { display: inline-block; min-width: 4.2em; color: var(--link); font-size: .85em;
  letter-spacing: .03em }
pre { margin: .35rem 0; padding: .75rem 1rem; background: var(--tint); border-radius: 6px;
  white-space: pre-wrap;
  overflow-wrap: anywhere; line-height: 1.45 }
table { border-collapse: collapse; width: 100%; font-size: .92em }
th, td { text-align: left; vertical-align: top; padding: .3rem 1rem .3rem 0; font-weight: 400;
  border-top: 1px solid var(--line) }
th { width: 38% }
table.wide th { width: auto; font-weight: 600 }
th code, td code { overflow-wrap: anywhere }
@media (min-width: 40rem) { table.wide td:first-child { white-space: nowrap } }
header { display: flex; flex-wrap: wrap; gap: 0 1.25rem; font-size: .92em; padding-bottom: .6rem;
  border-bottom: 1px solid var(--line) }
header strong { margin-right: auto }
nav { columns: 17rem 3; column-gap: 1.5rem; font-size: .88em }
nav h2 { column-span: all; margin-top: 2rem }
nav section { break-inside: avoid }
nav h3 { margin: 0 0 .1rem; font-size: 1em }
nav ul { list-style: none; margin: 0 0 1rem; padding: 0 }
nav li { overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
nav b { display: inline-block; width: 4.2em; color: var(--soft); font-size: .75em; font-weight: 500 }
:target > h3, h2:target { background: var(--tint); box-shadow: -.6rem 0 var(--tint), .6rem 0 var(--tint) }
@media print { nav { display: none } article { break-inside: avoid } }
`;

const digest = createHash("sha256").update(style).digest("base64");

export const pageHeaders = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": [
    "default-src 'none'",
    `style-src 'sha256-${digest}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
} as const;

export function pageOf(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Html(style)}</style>
</head>
<body>
<header><strong><a href="/docs">Coffer</a></strong>
<a href="/docs">API</a><a href="/docs/errors">Errors</a><a href="/docs/limits">Limits</a>
<a href="/v1/openapi.json">OpenAPI</a></header>
<main>
${body}
</main>
</body>
</html>
`.text;
}
