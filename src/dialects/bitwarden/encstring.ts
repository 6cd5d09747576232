// The form of EncStrings, as the official server checks it before it stores one. What they hold is opened
// by the transport key of a request; see wire.ts.

/** How many parts follow the header, by type. */
const partsOfType: Readonly<Record<string, number>> = {
  "0": 2,
  "1": 3,
  "2": 3,
  "3": 1,
  "4": 1,
  "5": 2,
  "6": 2,
  "7": 1,
};

/** Types that clients of Secrets Manager write, or may write one day, without this server reading them. */
const opaqueTypes: ReadonlySet<string> = new Set(["2", "7"]);

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/;

export function isEncString(text: string): boolean {
  const dot = text.indexOf(".");
  const type = text.slice(0, Math.max(dot, 0));
  const parts = text.slice(dot + 1).split("|");
  return (
    opaqueTypes.has(type) && parts.length === partsOfType[type] && parts.every((part) => base64.test(part))
  );
}

/** In characters, as the official server bounds them. */
export const sealedMax = {
  key: 1_000,
  value: 35_000,
  note: 10_000,
  name: 1_000,
  tokenName: 200,
  payload: 4_000,
} as const;
