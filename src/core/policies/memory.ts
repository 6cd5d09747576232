// Policies parsed before, by their text: one is decided anew at every reveal of a job. The same text
// always means the same, so nothing in it can be out of date.
import { CofferError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Vocabulary } from "./claims.ts";
import { type Policy, parsePolicy } from "./parse.ts";

export type StoredPolicy = Policy | "unreadable" | null;

/** Besides its text, which counts double, an entry and each of its conditions cost about this much. */
const entryBytes = 512;
const conditionBytes = 128;

/**
 * Bounded by bytes, in two halves: when the younger is full it becomes the older and what was in
 * that is forgotten, but for what is asked for meanwhile, which moves over.
 */
export function policyMemory(
  vocabulary: Vocabulary,
  bytesMax: number = limits.policyCacheBytesMax,
): (text: string | null) => StoredPolicy {
  let younger = new Map<string, StoredPolicy>();
  let older = new Map<string, StoredPolicy>();
  let bytes = 0;

  return (text) => {
    if (text === null) return null;
    const known = younger.get(text);
    if (known !== undefined) return known;
    const found = older.get(text);
    const policy = found === undefined ? readStored(text, vocabulary) : found;
    const weight = weightOf(text, policy);
    if (bytes + weight > bytesMax / 2) {
      older = younger;
      younger = new Map();
      bytes = 0;
    }
    younger.set(text, policy);
    bytes += weight;
    return policy;
  };
}

/** It was checked when it was written; what cannot be read now must not open anything. */
function readStored(text: string, vocabulary: Vocabulary): StoredPolicy {
  try {
    return parsePolicy(text, vocabulary);
  } catch (error) {
    if (error instanceof CofferError) return "unreadable";
    throw error;
  }
}

function weightOf(text: string, policy: StoredPolicy): number {
  let conditions = 0;
  if (policy !== null && policy !== "unreadable") {
    for (const { requirements } of policy.rules) {
      for (const { patterns } of requirements) conditions += patterns.length;
    }
  }
  return entryBytes + 2 * text.length + conditionBytes * conditions;
}
