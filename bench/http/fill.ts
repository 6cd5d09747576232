// Writes the secrets of a run, through the API and its every check, as the rows will find them.
import type { Coffer } from "../coffer.ts";
import { load } from "./load.ts";

/** @returns secrets written per second */
export async function fill(coffer: Coffer, secrets: number, connections: number): Promise<number> {
  const { url, token, pid } = coffer;
  const requests = { kind: "create", from: 0 } as const;
  const written = await load({ url, pid, token, connections, requests, until: { amount: secrets } });
  const { body } = await coffer.request("GET", "/v1/organizations/default/quota");
  const { usage } = JSON.parse(body.toString()).secrets;
  if (usage !== secrets) throw new Error(`${secrets} secrets were to be written, and there are ${usage}`);
  return written.perSecond;
}
