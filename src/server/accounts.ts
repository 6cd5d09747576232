// `coffer account`: who holds the host lists the accounts of the installation, changes names and e-mail
// addresses, and says who is an operator.
import { systemCaller } from "../core/caller.ts";
import { refOf } from "../core/organizations/organization.ts";
import { changeAccount, listAccounts } from "../core/people/account.ts";
import { type Person, parseEmail, parsePersonName } from "../core/people/person.ts";
import { fold } from "../core/text.ts";
import { ConfigError, type ServeFlags } from "./config.ts";
import { type HostParts, onHost } from "./on-host.ts";

export interface Changes {
  readonly name?: string;
  readonly email?: string;
  readonly operator?: boolean;
}

const pageMax = 1_000;

export function accounts(flags: ServeFlags, parts: HostParts = {}): Promise<readonly Person[]> {
  return onHost(flags, parts, async ({ node }) => {
    const all: Person[] = [];
    for (let after: string | null = null; ; ) {
      const page: readonly Person[] = await node.context.database.scan(listAccounts, {
        after,
        limit: pageMax,
      });
      all.push(...page);
      const last = page.at(-1);
      if (last === undefined || page.length < pageMax) return all;
      after = fold(last.email);
    }
  });
}

/** `named`: an e-mail address or an id. */
export async function setAccount(
  flags: ServeFlags,
  named: string,
  { name, email, operator }: Changes,
  parts: HostParts = {},
): Promise<Person> {
  const change = {
    ...(name === undefined ? {} : { name: parsePersonName(name) }),
    ...(email === undefined ? {} : { email: parseEmail(email) }),
    ...(operator === undefined ? {} : { operator }),
  };
  const ref = refOf(named);
  const account = "id" in ref ? ref : { email: named };
  return onHost(flags, parts, async ({ node }) => {
    const { database, clock } = node.context;
    const caller = systemCaller("coffer account set");
    const person = await database.execute(changeAccount, { caller, at: clock.now(), account, change });
    if (person === null) throw new ConfigError("The installation would be left without an operator.");
    return person;
  });
}
