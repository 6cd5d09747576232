// Round after round on one installation whose values lie in a remote: requests of several clients while
// the remote fails and the server is killed, then quiet, then the comparison. The seed makes the same
// choices again.
import type { Random } from "../crash/random.ts";
import {
  answers,
  applyThenDrop,
  between,
  dropBefore,
  type Exchange,
  type Fault,
  first,
  held,
  passOn,
  truncated,
} from "./fault-proxy.ts";
import type { Told } from "./ledger.ts";
import type { Doing } from "./remote.ts";
import type { Rig } from "./rig.ts";

const clients = 4;
const stepsMax = 5;

const points = [
  ...["secret.create", "secret.update"].flatMap((body) => [
    ...["intent.before-commit", "intent.after-commit", "after-intent"].map((moment) => `${body}.${moment}`),
    ...["after-remote", "before-commit", "after-commit"].map((moment) => `${body}.${moment}`),
  ]),
  ...["before-commit", "after-commit", "after-intent", "after-remote"].map((it) => `secret.remove.${it}`),
  ...["backend.paid", "backend.abort"].flatMap((body) => [`${body}.before-commit`, `${body}.after-commit`]),
];

/** What befell the remote and the server in one round, in words. */
export interface Round {
  readonly told: readonly string[];
  readonly findings: readonly string[];
  /** Whether the server ended where it was to end, not only when all was done. */
  readonly reached: boolean;
}

export async function round(rig: Rig, number: number, random: Random): Promise<Round> {
  const told: string[] = [];
  const late: (() => Promise<void>)[] = [];
  for (let count = random.between(1, 3); count > 0; count -= 1) {
    told.push(plantFault(rig, random.branch(`fault-${count}`), late));
  }
  told.push(plantEnd(rig, random.branch("end")));
  const server = rig.server;
  let ended = false;
  void server.ended.then(() => {
    ended = true;
  });
  const working = Array.from({ length: clients }, (_, client) =>
    work(rig, `name-${client}`, number, random.branch(`client-${client}`), () => ended),
  );
  await Promise.all(working);
  const reached = ended;
  rig.disarm();
  rig.proxy.clear();
  // What is kept back is applied while nobody runs, when the next one starts, or when all is quiet.
  const when = random.pick(["before", "after", "quiet"]);
  await server.kill();
  if (when === "before") await letGo(late);
  await rig.start();
  if (when === "after") await letGo(late);
  const findings = [...(await rig.findings())];
  if (when === "quiet" && late.length > 0) {
    await letGo(late);
    findings.push(...(await rig.findings()));
  }
  return { told: [...told, `kept back until ${when}`], findings, reached };
}

async function letGo(late: readonly (() => Promise<void>)[]): Promise<void> {
  await Promise.all(late.map((one) => one()));
}

function plantFault(rig: Rig, random: Random, late: (() => Promise<void>)[]): string {
  const doing = random.pick<Doing>(["write", "write", "read", "destroy", "delete", "other"]);
  const keepBack = held();
  const faults: Record<string, Fault> = {
    "drop before": dropBefore,
    "apply then drop": applyThenDrop,
    truncate: truncated,
    429: answers(rig.remote.refusal(429)),
    500: answers(rig.remote.refusal(500)),
    503: answers(rig.remote.refusal(503)),
    slow: first(() => new Promise((resolve) => setTimeout(resolve, random.between(100, 1_500)))),
    ...(doing === "read" ? { stale: answers(rig.remote.notFound) } : {}),
    ...(doing === "write" ? { "keep back": keepBack.fault } : {}),
  };
  const kind = random.pick(Object.keys(faults));
  if (kind === "keep back") late.push(keepBack.letGo);
  const times = random.between(1, 3);
  rig.proxy.plant(rig.doing(doing), faults[kind] ?? passOn, times);
  return `${kind} ${times}x at ${doing}`;
}

function plantEnd(rig: Rig, random: Random): string {
  if (random.percent(50)) {
    const point = random.pick(points);
    const nth = random.between(1, 6);
    rig.arm(point, "kill", nth);
    return `killed at ${point}:${nth}`;
  }
  if (random.percent(70)) {
    const doing = random.pick<Doing>(["write", "destroy", "delete", "other"]);
    const kill = () => rig.kill();
    const [when, fault] = random.pick<[string, Fault]>([
      ["before", first(kill, dropBefore)],
      ["after", between(kill)],
    ]);
    const nth = random.between(1, 4);
    let passed = 0;
    const matches = (exchange: Exchange) => {
      if (rig.remote.doing(exchange) !== doing) return false;
      passed += 1;
      return passed === nth;
    };
    rig.proxy.plant(matches, fault, 1);
    return `killed ${when} ${doing}:${nth}`;
  }
  return "killed in the end";
}

/** One client on its own secret, one step after the other, sometimes two requests at once. */
async function work(
  rig: Rig,
  name: string,
  round: number,
  random: Random,
  over: () => boolean,
): Promise<void> {
  for (let step = random.between(2, stepsMax); step > 0 && !over(); step -= 1) {
    const value = `${name}/${round}/${step}`;
    const standings = [...rig.ledger.standings(name)];
    const there = !standings.includes(null) || (standings.length > 1 && random.percent(50));
    const asks = requests(rig, name, value, there, random);
    await rig.together(name, ...asks.map((ask) => ask()));
    if (over() || !random.percent(40)) continue;
    const read = await rig.read(name);
    if (typeof read !== "number") rig.ledger.saw(name, read);
  }
}

function requests(
  rig: Rig,
  name: string,
  value: string,
  there: boolean,
  random: Random,
): readonly (() => Promise<Told>)[] {
  if (!there) {
    const create = () => rig.asks("create", name, value);
    return random.percent(20) ? [create, () => rig.asks("create", name, `${value}-twin`)] : [create];
  }
  const update = () => rig.asks("update", name, value);
  const remove = () => rig.asks("remove", name);
  if (random.percent(25)) return [update, () => rig.asks("update", name, `${value}-twin`)];
  if (random.percent(15)) return [update, remove];
  return random.percent(30) ? [remove] : [update];
}
