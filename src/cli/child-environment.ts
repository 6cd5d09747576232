// What the program behind `coffer run` finds in its environment: what was there, without coffer's
// own settings (its token above all), and a store's secrets over it. What a store names it alone says: a
// secret that cannot be handed over leaves none of that name. Pure, so that it can be tested.
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

/** A program would take it for what it should log in with. */
function isOwn(name: string): boolean {
  return name.toUpperCase().startsWith("COFFER_");
}

export function childEnvironment(
  inherited: Environment,
  offers: readonly Offer[],
  withheld: readonly string[] = [],
): { env: Record<string, string>; skipped: Skipped[] } {
  const env: Record<string, string> = {};
  const skipped: Skipped[] = [];
  for (const [name, value] of Object.entries(inherited)) {
    if (value !== undefined && !isOwn(name)) env[name] = value;
  }
  for (const name of withheld) delete env[name];
  for (const { name, value } of offers) {
    if (!isVariableName(name)) skipped.push({ name, why: "its name cannot be a variable's" });
    else if (isOwn(name)) skipped.push({ name, why: "COFFER_ variables are not handed on" });
    else if (value.includes("\0")) {
      skipped.push({ name, why: "its value holds U+0000" });
      delete env[name];
    } else env[name] = value;
  }
  return { env, skipped };
}
