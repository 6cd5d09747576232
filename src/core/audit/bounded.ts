// The database as operations see it: of a credential that is refused again and again, mutations leave
// no entry for each further refusal. It stands before every mutation, so none has to think of it.
import { CofferError } from "../errors.ts";
import type { Command, Database } from "../ports.ts";
import type { Refusals } from "./refusals.ts";

export function boundingRefusals(database: Database, refusals: Refusals): Database {
  return {
    ...database,
    async execute<I, O>(command: Command<I, O>, input: I): Promise<O> {
      const { refused, tokenOf } = command;
      if (refused === undefined || tokenOf === undefined) return database.execute(command, input);
      const spent = refusals.spent(tokenOf(input));
      try {
        const told = spent ? Object.assign({}, input, { refusalsCounted: true }) : input;
        return await database.execute(command, told);
      } catch (error) {
        const entry = error instanceof CofferError ? refused(input, error) : null;
        if (entry !== null) refusals.note(entry, spent ? "counted" : "written");
        throw error;
      }
    },
  };
}
