// Recordings as the text of one flat JSON array: it goes to the writer's thread in a fraction of the time
// that as many objects take, and most of it is made once for many reveals. Both ends are here; nobody
// else knows the layout.
import { type Caller, callerKinds } from "../caller.ts";
import type { RecordedReveal, Recording, RevealRecord } from "./record.ts";

/** Text of some members of the array. */
export type PackedReveal = string & { readonly packed: "reveal" };
export type PackedRecordings = string & { readonly packed: "recordings" };

/** A recording with its reveals as they are kept in this form. */
export interface Packable extends Omit<Recording, "reveals"> {
  readonly reveals: readonly { readonly packed: PackedReveal; readonly touch: boolean }[];
}

type Field = string | number | null;

/** How many fields stand before the reveals of a recording, besides those of a new caller. */
const callerFields = 6;
const callFields = 6;
const revealFields = 7;

export function packReveal(reveal: RevealRecord): PackedReveal {
  const { secretId, storeId, name, revision, version, because } = reveal;
  return members([secretId, storeId, name, revision, version, because]) as PackedReveal;
}

/** Recordings of one organization. A caller that is the same as before is not repeated. */
export function packRecordings(recordings: readonly Packable[]): PackedRecordings {
  let text = "[";
  let before: Caller | null = null;
  for (const { caller, at, epochs, seenRevision, reveals } of recordings) {
    if (before !== null) text += ",";
    if (before !== null && isSame(before, caller)) text += "0";
    else {
      const { kind, id, name, tokenId, dialect, address } = caller;
      text += `1,${members([kind, id, name, tokenId, dialect, address])}`;
    }
    before = caller;
    const { installation, organization } = epochs;
    const call = `${at},${installation},${organization},${seenRevision},${reveals.length}`;
    text += `,${JSON.stringify(caller.requestId)},${call}`;
    for (const { packed, touch } of reveals) text += `,${packed},${touch ? 1 : 0}`;
  }
  return `${text}]` as PackedRecordings;
}

function members(fields: readonly Field[]): string {
  return JSON.stringify(fields).slice(1, -1);
}

function isSame(one: Caller, other: Caller): boolean {
  return (
    one.tokenId === other.tokenId &&
    one.id === other.id &&
    one.kind === other.kind &&
    one.name === other.name &&
    one.dialect === other.dialect &&
    one.address === other.address
  );
}

export function unpackRecordings(organizationId: string, packed: PackedRecordings): readonly Recording[] {
  const list = JSON.parse(packed) as readonly Field[]; // as the other end wrote it
  const text = (at: number) => String(list[at]);
  const textOrNull = (at: number) => {
    const value = list[at];
    return typeof value === "string" ? value : null;
  };
  const recordings: Recording[] = [];
  let caller: Omit<Caller, "requestId"> | null = null;
  for (let at = 0; at < list.length; ) {
    const isNew = list[at] === 1;
    at += 1;
    if (isNew) {
      const kind = callerKinds.find((one) => one === list[at]);
      if (kind === undefined) throw new TypeError("a recording by no kind of caller");
      caller = {
        kind,
        id: text(at + 1),
        name: text(at + 2),
        tokenId: textOrNull(at + 3),
        dialect: text(at + 4),
        address: textOrNull(at + 5),
      };
      at += callerFields;
    }
    if (caller === null) throw new TypeError("a recording without a caller");
    const reveals: RecordedReveal[] = [];
    const [call, count] = [at, Number(list[at + 5])];
    at += callFields;
    for (let done = 0; done < count; done += 1, at += revealFields) {
      reveals.push({
        secretId: text(at),
        storeId: text(at + 1),
        name: textOrNull(at + 2),
        revision: Number(list[at + 3]),
        version: Number(list[at + 4]),
        because: text(at + 5),
        touch: list[at + 6] === 1,
      });
    }
    recordings.push({
      caller: { ...caller, requestId: textOrNull(call) },
      at: Number(list[call + 1]),
      organizationId,
      epochs: { installation: Number(list[call + 2]), organization: Number(list[call + 3]) },
      seenRevision: Number(list[call + 4]),
      reveals,
    });
  }
  return recordings;
}
