// The log: JSON lines on stderr. Errors are logged by name and code, never by message or object:
// a message can quote what it failed on.
import pino, { type Logger } from "pino";
import type { LogLevel } from "./config.ts";

export function serverLog(level: LogLevel): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // What should never get here is cut all the same.
      redact: {
        paths: [
          "req.headers",
          "headers",
          "token",
          "value",
          "*.token",
          "*.value",
          "authorization",
          "*.authorization",
        ],
        censor: "[redacted]",
      },
      serializers: {
        err: (error: Error) => ({ name: error.name }),
        req: ({ method, id }: { method: string; id: string }) => ({ method, id }),
        res: ({ statusCode }: { statusCode: number }) => ({ statusCode }),
      },
    },
    pino.destination({ fd: 2, sync: false, minLength: 0 }),
  );
}
