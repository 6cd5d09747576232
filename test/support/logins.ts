// For routes that are only looked at: nobody logs in there.
import type { ClientLogins } from "../../src/core/access-tokens/login.ts";

export const nobodyLogsIn: ClientLogins = {
  login: async () => {
    throw new Error("nobody logs in here");
  },
};
