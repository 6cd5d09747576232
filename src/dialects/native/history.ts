// What is asked of the audit trail and of the change feed.
import { Type } from "typebox";
import { outcome, paging, strict, text, time } from "./schema.ts";

const optionalText = Type.Optional(text);

export const auditFilter = strict({
  action: optionalText,
  caller: Type.Optional(Type.String({ description: "The caller's id." })),
  target: Type.Optional(Type.String({ description: "The target's id or name." })),
  outcome: Type.Optional(outcome),
  dialect: optionalText,
  since: Type.Optional(time),
  until: Type.Optional(time),
  ...paging,
});

const sinceWhen =
  "The revision known already, from a list. Absent or 0: all that happened since you may list what you do now.";

export const changesQuery = strict({
  since: Type.Optional(Type.String({ description: sinceWhen })),
  wait: Type.Optional(Type.String({ description: "Seconds to wait for a first change, 60 at most." })),
  limit: paging.limit,
});
