// The query of a list: pages by number, an order, and which secrets. Clients ask for the page after the
// last, so that one is empty and never an error.
import type { FastifyRequest } from "fastify";
import { CofferError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import { parseSearch, type SecretOrder } from "../../core/secrets/filter.ts";
import type { StoreOrder } from "../../core/stores/store.ts";
import { refused } from "./words.ts";

const perPageDefault = 20;
const perPageMax = 100;
/** Further no list goes; the product with a page's size is still exact. */
const pageMax = 1_000_000_000;

export interface PageAsked {
  readonly page: number;
  readonly perPage: number;
  readonly offset: number;
}

type Query = Readonly<Record<string, unknown>>;

function queryOf({ query }: Pick<FastifyRequest, "query">): Query {
  return query as Query; // text, or a list of texts: the framework's parser
}

export function pageAsked(request: Pick<FastifyRequest, "query">): PageAsked {
  const query = queryOf(request);
  // Some clients count from 0.
  const page = Math.max(1, Math.min(wholeNumber(query.page) ?? 1, pageMax));
  const perPage = Math.min(wholeNumber(query.per_page) ?? perPageDefault, perPageMax);
  if (perPage === 0) throw wrongQuery();
  return { page, perPage, offset: (page - 1) * perPage };
}

export function storeOrder(request: Pick<FastifyRequest, "query">): StoreOrder {
  const { order, direction } = queryOf(request);
  return {
    by:
      oneOf(order, { name: "name", created: "created", modified: "updated", ...ofOlderClients }) ?? "created",
    direction: directionOf(direction),
  };
}

/** Older clients send to the list of stores what is for secrets. */
const ofOlderClients = { comment: "created", status: "created" } as const;

export interface SecretsAsked {
  readonly order: SecretOrder;
  readonly direction: "asc" | "desc";
  readonly search: string | null;
  /** Nothing said of the order: the one whose whole name is searched for comes first. */
  readonly exactFirst: boolean;
  readonly consumersAnyOf: readonly string[] | null;
}

export function secretsAsked(request: Pick<FastifyRequest, "query">): SecretsAsked {
  const query = queryOf(request);
  const order = oneOf(query.order, {
    name: "name",
    comment: "description",
    created: "created",
    modified: "updated",
    status: "status",
  });
  return {
    order: order ?? "created",
    direction: directionOf(query.direction),
    search: searchOf(query.search),
    exactFirst: order === null,
    consumersAnyOf: scopesOf([query.scopes, query["scopes[]"]]),
  };
}

export function flagOf(request: Pick<FastifyRequest, "query">, name: string): boolean {
  return oneOf(queryOf(request)[name], { true: true, false: false }) ?? false;
}

function directionOf(given: unknown): "asc" | "desc" {
  return oneOf(given, { asc: "asc", desc: "desc" }) ?? "asc";
}

/** Null where it is not given; letter case does not count. */
function oneOf<const T>(given: unknown, known: Readonly<Record<string, T>>): T | null {
  if (given === undefined) return null;
  const name = typeof given === "string" ? given.toLowerCase() : "";
  const found = Object.hasOwn(known, name) ? known[name] : undefined;
  if (found === undefined) throw wrongQuery();
  return found;
}

function wholeNumber(given: unknown): number | null {
  if (given === undefined) return null;
  if (typeof given !== "string" || !/^\d{1,15}$/.test(given)) throw wrongQuery();
  return Number(given);
}

function searchOf(given: unknown): string | null {
  if (given === undefined || given === "") return null;
  if (typeof given !== "string") throw wrongQuery();
  try {
    return parseSearch(given);
  } catch (error) {
    throw error instanceof CofferError ? wrongQuery() : error;
  }
}

/** Repeated, with `[]`, or with commas between; null where there is none. */
function scopesOf(given: readonly unknown[]): readonly string[] | null {
  const texts = given.flat().filter((text) => text !== undefined);
  const scopes = texts.flatMap((text) => (typeof text === "string" ? text.split(",") : []));
  const named = [...new Set(scopes.filter((scope) => scope !== ""))];
  if (named.length > limits.consumersMax) throw wrongQuery();
  if (named.some((scope) => !scope.isWellFormed() || scope.includes("\u0000"))) throw wrongQuery();
  return named.length === 0 ? null : named;
}

function wrongQuery(): CofferError {
  return refused("invalid_query_parameter");
}
