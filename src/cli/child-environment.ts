// What the program behind `coffer run` finds in its environment: what was there, without coffer's
// own settings (its token above all), and a store's secrets over it. Pure, so that it can be tested.
import type { Environment } from "./shell.ts";

/** A secret to be handed over. */
export interface Offer {
  readonly name: string;
  readonly value: string;
}

export interface Skipped {
  readonly name: string;
  readonly why: string;
}

const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/;

export function isVariableName(name: string): boolean {
  return variableName.test(name);
}

export function childEnvironment(
  inherited: Environment,
  offers: readonly Offer[],
): { env: Record<string, string>; skipped: Skipped[] } {
  const env: Record<string, string> = {};
  const skipped: Skipped[] = [];
  for (const [name, value] of Object.entries(inherited)) {
    if (value !== undefined && !name.toUpperCase().startsWith("COFFER_")) env[name] = value;
  }
  for (const { name, value } of offers) {
    if (!isVariableName(name)) skipped.push({ name, why: "its name cannot be a variable's" });
    else if (value.includes("\0")) skipped.push({ name, why: "its value holds U+0000" });
    else env[name] = value;
  }
  return { env, skipped };
}
