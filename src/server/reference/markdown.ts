// The Markdown of our own reference pages as HTML: headings, paragraphs, lists, tables, code. Not of
// anybody else's texts; what it does not know stays as it is written, escaped.
import { type Html, html, type Part } from "./html.ts";

export function fromMarkdown(text: string): Html {
  return html`${text
    .split(/\n{2,}(?=\S)/)
    .map((block) => block.trimEnd())
    .filter((block) => block !== "")
    .map(blockOf)}`;
}

function blockOf(block: string): Part {
  const heading = /^(#{1,3}) (.*)$/.exec(block);
  if (heading !== null) return headingOf(heading[1]?.length ?? 1, heading[2] ?? "");
  const fenced = /^```.*\n([\s\S]*)\n```$/.exec(block);
  if (fenced !== null) return html`<pre><code>${fenced[1] ?? ""}</code></pre>\n`;
  if (block.startsWith("|")) return tableOf(block.split("\n"));
  if (block.startsWith("- ")) {
    const items = block.split(/\n(?=- )/).map((item) => item.slice(2).replaceAll(/\n\s*/g, " "));
    return html`<ul>${items.map((item): Part => html`<li>${inline(item)}</li>`)}</ul>\n`;
  }
  return html`<p>${inline(block)}</p>\n`;
}

function headingOf(level: number, text: string): Html {
  if (level === 1) return html`<h1>${inline(text)}</h1>\n`;
  return level === 2 ? html`<h2>${inline(text)}</h2>\n` : html`<h3>${inline(text)}</h3>\n`;
}

/** Headings, a line of dashes, rows. */
function tableOf([headings = "", , ...rows]: readonly string[]): Html {
  const cells = (line: string) =>
    line
      .replaceAll(/^\||\|$/g, "")
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim().replaceAll("\\|", "|"));
  const names = cells(headings).map((cell): Part => html`<th scope="col">${inline(cell)}</th>`);
  const lines = rows.map((row): Part => {
    const texts = cells(row).map((cell): Part => html`<td>${inline(cell)}</td>`);
    return html`<tr${idOf(row)}>${texts}</tr>\n`;
  });
  return html`<table class="wide"><thead><tr>${names}</tr></thead>\n${lines}</table>\n`;
}

/** A row that begins with a name in code can be linked to by it. */
function idOf(row: string): Part {
  const name = /^\| `([\w.]+)` \|/.exec(row)?.[1];
  return name === undefined ? null : html` id="${name}"`;
}

const spans = /(`[^`]+`|\*\*[^*]+\*\*|\[[^\]]+\]\([^)]+\))/;

/** Links lead to pages that this server has not, so that their text is all that is left of them. */
function inline(text: string): Part {
  return text.split(spans).map((span): Part => {
    if (/^`.+`$/.test(span)) return html`<code>${span.slice(1, -1)}</code>`;
    if (/^\*\*.+\*\*$/.test(span)) return html`<strong>${inline(span.slice(2, -2))}</strong>`;
    const link = /^\[(.+)\]\(.+\)$/.exec(span);
    return link === null ? span : inline(link[1] ?? "");
  });
}
