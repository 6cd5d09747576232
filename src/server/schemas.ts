// Checks of requests and writers of answers are made when their route is first asked. There are hundreds
// of routes, and a team uses few: to make all of them at the start would cost time and memory.
import checks from "@fastify/ajv-compiler";
import writers from "@fastify/fast-json-stringify-compiler";
import type { FastifyInstance, FastifySchemaCompiler } from "fastify";

type Check = ReturnType<FastifySchemaCompiler<unknown>>;

/** Nothing is bent into shape: a number in place of a text is refused, and what is unknown too. */
const strictness = { coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: false };

/** The framework's own makers, each waiting for its first use. */
export function compileWhenAsked(app: FastifyInstance): void {
  const toCheck = checks()({}, { customOptions: strictness });
  app.setValidatorCompiler<object>((part) => {
    let made: ReturnType<typeof toCheck> | null = null;
    const check: Check = (data) => {
      made ??= toCheck({ ...part });
      const fits = made(data) === true;
      check.errors = made.errors ?? null;
      return fits;
    };
    return check;
  });
  const toWrite = writers()({});
  app.setSerializerCompiler<object>(({ httpStatus = "200", ...part }) => {
    let made: ReturnType<typeof toWrite> | null = null;
    return (data) => {
      made ??= toWrite({ ...part, httpStatus });
      return made(data);
    };
  });
}
