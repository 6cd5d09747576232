// The dialects of this server. A new one is a folder and a line here.

import { buildkite } from "./buildkite/index.ts";
import type { Dialect } from "./dialect.ts";
import { native } from "./native/index.ts";

export const dialects: readonly Dialect[] = [native, buildkite];
