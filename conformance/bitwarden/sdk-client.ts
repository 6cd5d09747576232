// A process of its own for Bitwarden's SDK for Node: it takes the token from its environment and one call
// a line, `{"of": "secrets", "call": "get", "with": [...]}`, and answers each with one line.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

interface Sdk {
  readonly BitwardenClient: new (
    settings: object,
    level: number,
  ) => Record<string, () => Record<string, Call>>;
  readonly DeviceType: { readonly SDK: string };
}
type Call = (...given: unknown[]) => Promise<unknown>;

const { SERVER = "", BWS_ACCESS_TOKEN = "", MODULES = "" } = process.env;
const sdk: Sdk = createRequire(`${MODULES}/package.json`)("@bitwarden/sdk-napi");
const settings = {
  apiUrl: `${SERVER}/api`,
  identityUrl: `${SERVER}/identity`,
  userAgent: "coffer-conformance",
  deviceType: sdk.DeviceType.SDK,
};
const client = new sdk.BitwardenClient(settings, 4);

for await (const line of createInterface({ input: process.stdin })) {
  const { of, call, with: given } = JSON.parse(line);
  const dated = (each: unknown) =>
    typeof each === "string" && /^\d{4}-\d\d-\d\dT/.test(each) ? new Date(each) : each;
  const args = call === "loginAccessToken" ? [BWS_ACCESS_TOKEN, ...given] : given.map(dated);
  let said: object;
  try {
    const value = await client[of]?.()[call]?.(...args);
    said = { value: value ?? null };
  } catch (error) {
    said = { error: error instanceof Error ? error.message : String(error) };
  }
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
