// Access that ends on one node has ended on every other: each request that is sent there after the 2xx
// is refused, whether the nodes hear of each other or not. Under load, because what a node remembers of
// requests a moment ago is what could let somebody in.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { have } from "../../support/requirements.ts";
import type { Answered, Wire } from "../matrix/wire.ts";
import { type Case, field, type Question, reveal, revocations } from "./cases.ts";
import { type Deaf, type Pair, startPair } from "./pair.ts";

/** Asking for each thing at once, so that what one has decided another would find remembered. */
const callersEach = 2;
const roundsBefore = 4;
const roundsAfter = 10;
/** Documented for what was granted elsewhere. */
const grantSeenMsMax = 1_000;

interface Exchange {
  readonly sentMs: number;
  readonly answeredMs: number;
  readonly answer: Answered;
}

interface Asking {
  readonly question: Question;
  readonly exchanges: readonly Exchange[];
  /** Resolves once so many more were sent and answered from now on. */
  rounds(count: number): Promise<void>;
  stop(): Promise<void>;
}

/** The same question again and again; the first of its errors ends it. */
function asking(wire: Wire, token: string, question: Question): Asking {
  const exchanges: Exchange[] = [];
  let stopped = false;
  const working = (async () => {
    while (!stopped) {
      const sentMs = performance.now();
      const answer = await wire.ask(token, question.asked);
      exchanges.push({ sentMs, answeredMs: performance.now(), answer });
    }
  })();
  working.catch(() => undefined);
  const step = () => Promise.race([working, new Promise((resolve) => setTimeout(resolve, 2))]);
  return {
    question,
    exchanges,
    async rounds(count) {
      const fromMs = performance.now();
      while (exchanges.filter(({ sentMs }) => sentMs >= fromMs).length < count) await step();
    },
    async stop() {
      stopped = true;
      await working;
    },
  };
}

const none: Answered = { status: 0, text: "" };
const shown = ({ shows }: Question, { status, text }: Answered) => status === 200 && text.includes(shows);
const gone = ({ shows, then }: Question, { status, text }: Answered) =>
  status === then && !text.includes(shows);

async function expectRefusedFromTheCommitOn({ b }: Pair, { token, questions, change }: Case): Promise<void> {
  const all = Array.from({ length: callersEach }, () => questions)
    .flat()
    .map((question) => asking(b, token, question));
  try {
    await Promise.all(all.map((one) => one.rounds(roundsBefore)));
    const begunMs = performance.now();
    await change();
    const changedMs = performance.now();
    await Promise.all(all.map((one) => one.rounds(roundsAfter)));
    for (const { question, exchanges } of all) {
      for (const { sentMs, answeredMs, answer } of exchanges) {
        const told = `${question.asked.method} ${question.asked.path}: ${answer.status} ${answer.text}`;
        if (answeredMs <= begunMs) expect(shown(question, answer), `before: ${told}`).toBe(true);
        if (sentMs >= changedMs) expect(gone(question, answer), `after: ${told}`).toBe(true);
      }
    }
  } finally {
    await Promise.all(all.map((one) => one.stop()));
  }
}

describe.runIf(have("postgresql"))("two nodes on one database", () => {
  let pair: Pair;
  let background: Asking[] = [];
  const owned = () => field(pair.a, pair.bootstrap.token);

  beforeAll(async () => {
    pair = await startPair();
    // Somebody whom nothing is taken from, so that the node's records are never idle.
    const at = await owned().place();
    const question = reveal(at, 404);
    background = [1, 2, 3, 4].map(() => asking(pair.b, pair.bootstrap.token, question));
  });

  afterAll(async () => {
    await Promise.all(background.map((one) => one.stop()));
    await pair.stop();
  });

  describe.each([
    ["that hear of each other", false],
    ["of which the other hears nothing", true],
  ])("%s", (_, unheard) => {
    let deaf: Deaf | null = null;
    beforeAll(async () => {
      deaf = unheard ? await pair.deafen() : null;
    });
    afterAll(async () => {
      await deaf?.stop();
      if (unheard) expect(deaf?.cuts()).toBeGreaterThan(1);
    });

    test.each(Object.entries(revocations))(
      "%s: refused by the other from the commit on",
      async (_name, arrange) => {
        await expectRefusedFromTheCommitOn(pair, await arrange(owned()));
      },
    );

    test("a grant is let in by the other within a second", async () => {
      const { place, member, grantRead } = owned();
      const at = await place();
      const { token, id } = await member();
      const question = reveal(at, 404);
      const all = Array.from({ length: callersEach }, () => asking(pair.b, token, question));
      try {
        await Promise.all(all.map((one) => one.rounds(roundsBefore)));
        await grantRead(at, { kind: "person", id });
        const grantedMs = performance.now();
        await new Promise((resolve) => setTimeout(resolve, grantSeenMsMax));
        await Promise.all(all.map((one) => one.rounds(roundsAfter)));
        for (const { exchanges } of all) {
          expect(gone(question, exchanges[0]?.answer ?? none)).toBe(true);
          const late = exchanges.filter(({ sentMs }) => sentMs >= grantedMs + grantSeenMsMax);
          expect(late.map(({ answer }) => shown(question, answer))).not.toContain(false);
        }
      } finally {
        await Promise.all(all.map((one) => one.stop()));
      }
    });
  });

  test("nobody else was refused meanwhile", async () => {
    for (const { question, exchanges } of background) {
      expect(exchanges.length).toBeGreaterThan(100);
      expect(exchanges.filter(({ answer }) => !shown(question, answer))).toEqual([]);
    }
  });
});
