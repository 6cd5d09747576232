// Pages by number, with a Link header. What is no page falls back to the first, as the service has it.
import type { FastifyReply, FastifyRequest } from "fastify";

const perPageDefault = 30;
const perPageMax = 100;
/** Further no list goes; the product with a page's size is still exact. */
const pageMax = 1_000_000_000;

export interface PageAsked {
  readonly page: number;
  readonly perPage: number;
  readonly offset: number;
}

export function pageAsked({ query }: Pick<FastifyRequest, "query">): PageAsked {
  const asked = query as Readonly<Record<string, unknown>>; // text, or a list of texts: the framework's parser
  const page = Math.min(positive(asked.page) ?? 1, pageMax);
  const perPage = Math.min(positive(asked.per_page) ?? perPageDefault, perPageMax);
  return { page, perPage, offset: (page - 1) * perPage };
}

function positive(text: unknown): number | null {
  if (typeof text !== "string" || !/^\d{1,15}$/.test(text)) return null;
  return Number(text) > 0 ? Number(text) : null;
}

/** No header where everything fits on one page. Clients cut it at commas and look for rel="next". */
export function linkPages(
  reply: FastifyReply,
  { url }: Pick<FastifyRequest, "url">,
  { page, perPage }: PageAsked,
  { total, base }: { readonly total: number; readonly base: string },
): void {
  const last = Math.max(1, Math.ceil(total / perPage));
  const links = [
    ...(page < last ? [link(base, url, page + 1, "next"), link(base, url, last, "last")] : []),
    ...(page > 1 ? [link(base, url, 1, "first"), link(base, url, page - 1, "prev")] : []),
  ];
  if (links.length > 0) reply.header("link", links.join(", "));
}

/** Where somebody put a credential, although none is taken from there: it is not handed on. */
const credentials = ["api_key", "access_token"];

function link(base: string, url: string, page: number, rel: string): string {
  const [path = "", ...query] = url.split("?");
  const kept = new URLSearchParams(query.join("?"));
  for (const name of credentials) kept.delete(name);
  kept.set("page", String(page));
  return `<${base}${path}?${kept}>; rel="${rel}"`;
}
