// What happened in an organization: the audit trail, newest first, and the change feed in the order
// of revisions.

import { limits } from "../../../core/limits.ts";
import type { Operations } from "../../../core/operations.ts";
import { parseText } from "../../../core/text.ts";
import { instant, wholeNumber } from "../../../http/queries.ts";
import { auditFilter, changesQuery } from "../history.ts";
import { listOf, pageAsked, wirePage } from "../pages.ts";
import * as present from "../present.ts";
import { placeRef } from "../refs.ts";
import { type Route, route } from "../route.ts";
import * as schema from "../schema.ts";

const org = "/v1/organizations/:org";

/** Names of targets are the longest thing that a filter compares. */
const filterRule = { min: 1, max: limits.secretNameCharactersMax };

function filterText(field: string, text: string | undefined): string | null {
  return text === undefined ? null : parseText(field, text, filterRule);
}

function filterTime(field: string, text: string | undefined): number | null {
  return text === undefined ? null : instant(field, text);
}

export function historyRoutes({ audit, feed, organizations }: Operations): readonly Route[] {
  return [
    route(
      {
        method: "GET",
        url: `${org}/audit`,
        operationId: "listAudit",
        summary: "The audit trail, newest first",
        query: auditFilter,
        status: 200,
        answer: schema.page(schema.auditEntry),
      },
      async ({ caller, params, query }) => {
        const { action, caller: callerId, target, outcome, dialect, since, until } = query;
        const filter = {
          action: filterText("action", action),
          caller: filterText("caller", callerId),
          target: filterText("target", target),
          outcome: outcome ?? null,
          dialect: filterText("dialect", dialect),
          since: filterTime("since", since),
          until: filterTime("until", until),
        };
        const list = listOf("audit", params.org, action, callerId, target, outcome, dialect, since, until);
        const { after, limit } = pageAsked(list, query);
        const page = await audit.list(caller, placeRef("organization", params.org), filter, {
          before: after,
          limit,
        });
        return wirePage(list, page, present.auditEntry);
      },
    ),

    route(
      {
        method: "GET",
        url: `${org}/changes`,
        operationId: "listChanges",
        summary: "What changed since a revision; waits for a first change if asked to",
        query: changesQuery,
        status: 200,
        answer: schema.changes,
      },
      async ({ caller, params, query }) => {
        const ref = placeRef("organization", params.org);
        const since = wholeNumber("since", query.since, {
          min: 0,
          max: Number.MAX_SAFE_INTEGER,
          otherwise: 0,
        });
        const waitSeconds = wholeNumber("wait", query.wait, {
          min: 0,
          max: limits.feedWaitSecondsMax,
          otherwise: 0,
        });
        const limit = wholeNumber("limit", query.limit, {
          min: 1,
          max: limits.changesPageMax,
          otherwise: limits.pageDefault,
        });
        const { items, revision } = await feed.changes(caller, ref, since, { waitSeconds, limit });
        const custody = await organizations.custody(caller, ref);
        return { items: items.map((change) => present.change(change, custody)), revision };
      },
    ),
  ];
}
