// `GET /metrics` beside the API: for operators' tokens that may `metrics.read`. It comes by the native
// API's way of credentials and errors, so it is one of its parts to the server.
import type { Dialect } from "../../dialects/dialect.ts";
import { native } from "../../dialects/native/index.ts";
import { contentType } from "./page.ts";

export function metricsPart(scrape: () => Promise<string>): Dialect {
  return {
    ...native,
    mounts: ["/metrics"],
    routes(app, { operations }) {
      app.get("/metrics", async ({ caller }, reply) => {
        await operations.vitals.read(caller);
        return reply.type(contentType).send(await scrape());
      });
    },
  };
}
