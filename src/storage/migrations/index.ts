// Every migration in the order in which it is applied. A released one is never edited.
import { initial } from "./0001-initial.ts";
import { access } from "./0002-access.ts";
import { keys } from "./0003-keys.ts";
import { auditSegments } from "./0004-audit-segments.ts";
import { documents } from "./0005-documents.ts";
import { tombstonePlaces } from "./0006-tombstone-places.ts";
import { accessTokens } from "./0007-access-tokens.ts";
import { valueBackends } from "./0008-value-backends.ts";
import { restores } from "./0009-restores.ts";
import { searchIndex } from "./0010-search-index.ts";

export const migrations = [
  initial,
  access,
  keys,
  auditSegments,
  documents,
  tombstonePlaces,
  accessTokens,
  valueBackends,
  restores,
  searchIndex,
] as const;
