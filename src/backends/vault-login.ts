// The token that Vault or OpenBao is asked with: out of a file that somebody else keeps fresh, or for a role,
// logged in again before it ends. When it is refused, it is looked for anew, once.
import { readFile } from "node:fs/promises";
import { BackendError } from "../core/backends/port.ts";
import type { Clock } from "../core/clock.ts";
import type { VaultLogin } from "./settings.ts";

export interface Tokens {
  current(signal: AbortSignal): Promise<string>;
  /** Another one than was refused; null where there is none. */
  after(refused: string, signal: AbortSignal): Promise<string | null>;
}

/** Asks for a token by name and secret of a role. */
export type AskForToken = (
  path: string,
  body: object,
  signal: AbortSignal,
) => Promise<{ readonly token: string; readonly leaseSeconds: number }>;

export function tokensOf(login: VaultLogin, ask: AskForToken, clock: Clock): Tokens {
  return "tokenFile" in login ? tokensOfFile(login.tokenFile) : tokensOfRole(login, ask, clock);
}

function tokensOfFile(path: string): Tokens {
  let known: string | null = null;
  return {
    async current() {
      known ??= await secretIn(path);
      return known;
    },
    async after(refused) {
      known = await secretIn(path);
      return known === refused ? null : known;
    },
  };
}

function tokensOfRole(
  { mount, roleId, secretIdFile }: Exclude<VaultLogin, { tokenFile: string }>,
  ask: AskForToken,
  clock: Clock,
): Tokens {
  let held: { readonly token: string; readonly until: number } | null = null;
  let pending: Promise<string> | null = null;
  const logIn = async (signal: AbortSignal): Promise<string> => {
    const body = { role_id: roleId, secret_id: await secretIn(secretIdFile) };
    const { token, leaseSeconds } = await ask(`auth/${mount}/login`, body, signal);
    // With a third of its time left; a lease of 0 has no end.
    const lives = leaseSeconds === 0 ? Number.POSITIVE_INFINITY : leaseSeconds * 667;
    held = { token, until: clock.now() + lives };
    return token;
  };
  // Those who come while one logs in share what it gets.
  const once = (signal: AbortSignal): Promise<string> => {
    pending ??= logIn(signal).finally(() => {
      pending = null;
    });
    return pending;
  };
  return {
    async current(signal) {
      return held !== null && clock.now() < held.until ? held.token : once(signal);
    },
    async after(refused, signal) {
      const token = held !== null && held.token !== refused ? held.token : await once(signal);
      return token === refused ? null : token;
    },
  };
}

const secretCharactersMax = 8_192;

/** Its one line. A header carries it, so it can hold nothing that would end the header. */
async function secretIn(path: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new BackendError("denied", null, { cause });
  }
  const line = text.trim();
  if (line.length > secretCharactersMax || !/^[\x21-\x7e]+$/.test(line)) throw new BackendError("denied");
  return line;
}
