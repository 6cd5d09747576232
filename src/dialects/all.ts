// The dialects of this server. A new one is a folder and a line here.

import { bitwarden } from "./bitwarden/index.ts";
import { buildkite } from "./buildkite/index.ts";
import { cloudflare } from "./cloudflare/index.ts";
import type { Dialect } from "./dialect.ts";
import { grafana } from "./grafana/index.ts";
import { native } from "./native/index.ts";
import { scale } from "./scale/index.ts";

export const dialects: readonly Dialect[] = [native, buildkite, scale, cloudflare, bitwarden, grafana];
