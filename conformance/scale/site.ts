// Where the library's processes ask: a server with two accounts, and keys of people and machines there.
import { randomUUID } from "node:crypto";
import { type Coffer, startCoffer } from "../support/coffer.ts";
import { type Front, openFront } from "../support/front.ts";

export interface Account {
  readonly id: string;
  readonly base: string;
  /** Of the owner, in this account alone. */
  readonly key: string;
}

export interface Site {
  readonly coffer: Coffer;
  readonly front: Front;
  readonly one: Account;
  readonly other: Account;
  /** Of the owner, over all accounts that he is in. */
  readonly key: string;
}

export async function openSite(env: Readonly<Record<string, string>> = {}): Promise<Site> {
  const coffer = await startCoffer({ env });
  const front = await openFront(() => coffer.url);
  const [one, other] = [await addAccount(coffer), await addAccount(coffer)];
  return { coffer, front, one, other, key: coffer.bootstrap.token };
}

export async function closeSite({ coffer, front }: Site): Promise<void> {
  front.close();
  await coffer.stop();
}

/** An organization of the owner's own. */
export async function addAccount(coffer: Coffer): Promise<Account> {
  const slug = `a-${randomUUID()}`;
  const { id } = await coffer.ask("POST", "/v1/organizations", { slug, name: slug });
  const base = `/v1/organizations/${slug}`;
  const principal = { kind: "person", id: coffer.bootstrap.person.id };
  const { token } = await coffer.ask("POST", `${base}/tokens`, { principal, name: "key" });
  return { id, base, key: token };
}

/** A service account with a grant on the account's secrets. */
export async function addMachine({ coffer }: Site, { base }: Account, level: string) {
  const { id } = await coffer.ask("POST", `${base}/machines`, { name: `m-${randomUUID()}` });
  const store = await coffer.ask("GET", `${base}/stores/default`);
  const subject = { kind: "machine", id };
  await coffer.ask("PUT", `${base}/grants`, { subject, object: { kind: "store", id: store.id }, level });
  const { token } = await coffer.ask("POST", `${base}/tokens`, { principal: subject, name: "key" });
  return { id: String(id), key: String(token) };
}

/** As whoever may read it sees it natively. */
export async function valueNatively({ coffer }: Site, { base }: Account, key: string): Promise<string> {
  return (await coffer.ask("GET", `${base}/stores/default/secrets/${key}/value`)).value;
}

export const aKey = () => `k-${randomUUID()}`;
