// What the client of an access token is given at its login: sealed under a key that only the token's
// holder has. Tokens of all other kinds have none.
import { migration } from "../migrate.ts";

export const accessTokens = migration({
  id: "0007-access-tokens",
  up: ({ types: { text } }) => [`ALTER TABLE tokens ADD COLUMN payload ${text}`],
});
