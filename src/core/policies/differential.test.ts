// The engine against a second one, written for this test from the contract's words alone: it shares no
// code, keeps policies as they were made up rather than parsed, and matches stars by trying everything.
import { expect, test } from "vitest";
import { seeded } from "../../../test/crash/random.ts";
import { CofferError } from "../errors.ts";
import { parseClaims, pipelineClaims } from "./claims.ts";
import { evaluate } from "./evaluate.ts";
import { explain } from "./explain.ts";
import { parsePolicy } from "./parse.ts";

type Job = Record<string, string | string[] | null>;
type Rule = Map<string, string[]>;

const random = seeded("policies");
const names = [...pipelineClaims.keys()];
const caseless = new Set(["pipeline_id", "cluster_queue_id", "build_creator", "build_creator_team"]);
const uuids = ["0a", "0b", "a0"].map((start) => `${start}bcdef0-aaaa-4aaa-8aaa-aaaaaaaaaaaa`);
const texts = ["a", "A", "aa", "ab", "aba", "a/b", "a\nb", "\u212a", "k", "a.b", "no", "1.10", " a"];

const anyCase = (text: string) => (random.percent(30) ? text.toUpperCase() : text);

function valueFor(name: string): string {
  if (name.endsWith("_id") || name.endsWith("_team")) return anyCase(random.pick(uuids));
  return name === "build_creator"
    ? anyCase(random.pick(["ann@a.org", "bob@a.org", "k@b"]))
    : random.pick(texts);
}

function jobs(): Job {
  const job: Job = {};
  for (const name of names) {
    if (random.percent(15)) continue;
    if (random.percent(5)) job[name] = null;
    else if (name !== "build_creator_team") job[name] = valueFor(name);
    else job[name] = Array.from({ length: random.between(0, 3) }, () => valueFor(name));
  }
  return job;
}

/** A value with stars put into it and parts of it taken out, or the odd one that fits nothing. */
function condition(name: string): string {
  let text = valueFor(name);
  for (let star = random.between(0, 3); star > 0; star -= 1) {
    const from = random.between(0, text.length);
    text = `${text.slice(0, from)}*${text.slice(from + random.between(0, 3))}`;
  }
  return random.percent(5) ? random.pick(["?", "a?", "[ab]", ".*", "a\\b", "**", "*a*"]) : text;
}

function rules(): Rule[] {
  return Array.from({ length: random.between(1, 3) }, () => {
    const rule: Rule = new Map();
    for (let claim = random.between(1, 3); claim > 0; claim -= 1) {
      const name = random.pick(names);
      rule.set(
        name,
        Array.from({ length: random.between(1, 3) }, () => condition(name)),
      );
    }
    return rule;
  });
}

/** The same rules as YAML, in one of the ways to write them. */
function written(policy: Rule[]): string {
  const items = policy.map((rule) =>
    [...rule].map(([name, conditions]): [string, string | string[]] => {
      const [only = ""] = conditions;
      return [name, conditions.length === 1 && random.percent(70) ? only : conditions];
    }),
  );
  if (random.percent(20)) {
    return JSON.stringify(
      items.map((entries) => Object.fromEntries(entries)),
      null,
      random.pick([0, 2, "\t"]),
    );
  }
  const lines = random.percent(20) ? ["---", "# a comment"] : [];
  for (const entries of items) {
    for (const [index, [name, value]] of entries.entries()) {
      const indent = random.pick(["  ", "    "]);
      const key = `${index === 0 ? "- " : "  "}${random.percent(90) ? name : JSON.stringify(name)}:`;
      if (typeof value === "string") lines.push(`${key} ${scalar(value)}`);
      else if (random.percent(50)) lines.push(`${key} [${value.map(scalar).join(", ")}]`);
      else lines.push(key, ...value.map((each) => `${indent}- ${scalar(each)}`));
    }
  }
  return lines.join(random.pick(["\n", "\r\n"]));
}

function scalar(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9./*-]*$/.test(text) && random.percent(60)) return text;
  if (!/[\n]/.test(text) && random.percent(50)) return `'${text.replaceAll("'", "''")}'`;
  return JSON.stringify(text);
}

// The second engine.

const lower = (text: string) =>
  [...text].map((unit) => (/[A-Z]/.test(unit) ? unit.toLowerCase() : unit)).join("");

function fits(pattern: string, value: string): boolean {
  if (pattern === "") return value === "";
  if (pattern[0] !== "*") return pattern[0] === value[0] && fits(pattern.slice(1), value.slice(1));
  return fits(pattern.slice(1), value) || (value !== "" && fits(pattern, value.slice(1)));
}

function mayRead(policy: Rule[], job: Job): boolean {
  return policy.some((rule) =>
    [...rule].every(([name, conditions]) => {
      const claim = job[name] ?? [];
      const values = typeof claim === "string" ? [claim] : claim;
      const plain = (text: string) => (caseless.has(name) ? lower(text) : text);
      return values.some((value) => value !== "" && conditions.some((it) => fits(plain(it), plain(value))));
    }),
  );
}

test("a million jobs are judged as by a second engine", () => {
  const all = Array.from({ length: 500 }, jobs).map((job) => ({ job, claims: parseClaims(job) }));
  let allowed = 0;
  let judged = 0;
  while (judged < 1_000_000) {
    const made = rules();
    const text = written(made);
    const policy = parsePolicy(text);
    for (let turn = 0; turn < 100; turn += 1) {
      const { job, claims } = random.pick(all);
      const expected = mayRead(made, job);
      const decision = evaluate(policy, claims);
      if (decision.allowed !== expected) expect({ text, job, decision }).toEqual({ expected });
      if (turn === 0) expect(explain(policy, claims)).toMatchObject(decision);
      judged += 1;
      allowed += expected ? 1 : 0;
    }
  }
  // Both answers have to be common, else nothing was compared.
  expect(allowed / judged).toBeGreaterThan(0.2);
  expect(allowed / judged).toBeLessThan(0.8);
}, 60_000);

test("a damaged policy is refused with a sentence or read, and nothing else happens", () => {
  const pieces = [
    "\n",
    " ",
    "\t",
    "- ",
    "[",
    "]",
    "{",
    "}",
    ":",
    ",",
    '"',
    "'",
    "#",
    "&",
    "*",
    "!",
    "|",
    ">",
    "?",
    "%",
    "---",
    "...",
    "\\",
    "\r",
    "\ufeff",
    "\u0085",
    "\u{1F511}",
  ];
  let read = 0;
  for (let turn = 0; turn < 20_000; turn += 1) {
    let text = written(rules());
    for (let damage = random.between(1, 4); damage > 0; damage -= 1) {
      const at = random.between(0, text.length);
      text = text.slice(0, at) + random.pick(["", ...pieces]) + text.slice(at + random.between(0, 3));
    }
    try {
      parsePolicy(text);
      read += 1;
    } catch (error) {
      if (!(error instanceof CofferError)) expect({ text, error }).toBeNull();
    }
  }
  expect(read).toBeGreaterThan(1_000);
});
