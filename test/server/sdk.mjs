// What an operator brings by `node --import`: a real SDK, which writes its spans into a file.
import { appendFileSync } from "node:fs";
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";

const exporter = {
  export(spans, done) {
    for (const span of spans) {
      const { name, kind, status, attributes, events, parentSpanContext } = span;
      const { traceId, spanId } = span.spanContext();
      const line = { name, kind, status, attributes, events, traceId, spanId };
      const parentId = parentSpanContext?.spanId ?? null;
      appendFileSync(process.env.COFFER_TEST_SPANS, `${JSON.stringify({ ...line, parentId })}\n`);
    }
    done({ code: 0 });
  },
  async shutdown() {},
};

if (process.env.COFFER_TEST_SPANS !== undefined) {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  );
}
