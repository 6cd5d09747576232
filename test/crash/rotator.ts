// The client that rotates the organization's key while the others write and read. What it asks for is
// allowed, so any answer but success, "not now" and none is a finding; what becomes of the values the
// checker sees.
import type { History } from "./history.ts";
import type { Random } from "./random.ts";
import type { Answer, Wire } from "./wire.ts";

interface Rotating {
  readonly wire: Wire;
  readonly history: History;
  readonly random: Random;
  readonly stopped: () => boolean;
}

const keys = "/v1/organizations/default/keys";

export async function rotateNowAndThen({ wire, history, random, stopped }: Rotating): Promise<void> {
  const over = () => stopped() || wire.lost;
  const ask = async (method: string, path: string): Promise<Answer | null> => {
    const answer = await wire.send(method, keys + path);
    // A term may be in use again by the time it is asked for: something under it was not moved yet.
    const fine = answer === null || answer.status < 300 || answer.status === 503 || answer.status === 409;
    if (!fine) history.wrong.push(`${method} keys${path} was answered ${answer.status}`);
    return answer;
  };
  while (!over()) {
    await new Promise((resolve) => setTimeout(resolve, random.between(20, 150)));
    if (over() || (await ask("POST", "/rotate")) === null) return;
    for (let ended = false; !ended && !over() && random.percent(90); ) {
      ended = (await ask("POST", "/rewrap"))?.body?.ended === true;
    }
    const status = await ask("GET", "");
    const empty: { term: number; state: string; emptiedAt: string | null }[] = status?.body?.terms ?? [];
    for (const { term, state, emptiedAt } of empty) {
      if (!over() && state === "retired" && emptiedAt !== null) await ask("POST", `/${term}/destroy`);
    }
  }
}
