// Every migration in the order in which it is applied. A released one is never edited.
import { initial } from "./0001-initial.ts";
import { access } from "./0002-access.ts";
import { keys } from "./0003-keys.ts";
import { auditSegments } from "./0004-audit-segments.ts";

export const migrations = [initial, access, keys, auditSegments] as const;
