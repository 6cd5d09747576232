// Anchors: heads as the server emitted them outside its database, read back from its log. Lines
// about other things are passed over; a head that cannot be read is an error, not a missing one.
import { type SignedHead, signedHead } from "./format.ts";
import { linesOf } from "./lines.ts";
import { AuditUnreadable } from "./source.ts";

/** How deep a log shipper may have wrapped the line. */
const depthMax = 8;

/**
 * The newest head of each stream: the chain makes every older one follow from it, so a log of
 * years needs no more memory than a log of a day.
 */
export async function readAnchors(file: string): Promise<readonly SignedHead[]> {
  const newest = new Map<string, SignedHead[]>();
  for await (const head of headsIn(file)) {
    const known = newest.get(head.stream);
    const seq = known?.[0]?.seq ?? 0;
    if (known === undefined || head.seq > seq) newest.set(head.stream, [head]);
    // Two that differ about the same entry cannot both be true; the verification will say so.
    else if (head.seq === seq && !known.some((one) => isSame(one, head))) known.push(head);
  }
  if (newest.size === 0) throw new AuditUnreadable(`${file} holds no signed heads`);
  return [...newest.values()].flat();
}

async function* headsIn(file: string): AsyncIterable<SignedHead> {
  let number = 0;
  try {
    for await (const line of linesOf(file)) {
      number += 1;
      const found = headOf(line);
      if (found === undefined) continue;
      if (found === null)
        throw new AuditUnreadable(`${file}: line ${number} holds a head that cannot be read`);
      yield found;
    }
  } catch (cause) {
    if (cause instanceof AuditUnreadable) throw cause;
    throw new AuditUnreadable(`${file} cannot be read`, { cause });
  }
}

/** Undefined where the line is about something else, null where it holds a spoilt head. */
function headOf(line: string): SignedHead | null | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const bare = signedHead(value);
  if (bare !== null) return bare;
  const member = findMember(value, depthMax);
  return member === undefined ? undefined : signedHead(member);
}

function findMember(value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null || depth === 0) return undefined;
  if ("auditHead" in value) return value.auditHead;
  for (const inner of Object.values(value)) {
    const found = findMember(inner, depth - 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isSame(one: SignedHead, other: SignedHead): boolean {
  return one.hash === other.hash && one.signature === other.signature && one.key === other.key;
}
