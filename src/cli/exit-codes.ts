// What `coffer` answers to the shell. Scripts branch on these numbers: they are part of the
// reference (docs/reference/cli.md) and never change their meaning.

export const exitCodes = {
  ok: 0,
  /** Something broke that no other number describes. `audit verify`: the trail is broken. `doctor`: an error. */
  failure: 1,
  /** The command line or what was handed in is not right; nothing was done. */
  usage: 2,
  /** `audit verify`: intact, but what follows the newest anchor is not proven. `doctor`: warnings. */
  unproven: 3,
  notFound: 4,
  /** Also `policy test`: the job is denied. */
  refused: 5,
  conflict: 6,
  unreachable: 7,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Shown under `coffer --help`. */
export const exitCodeHelp = `Exit codes:
  0  done
  1  unexpected failure; audit verify, backup --verify: it is broken; doctor: errors
  2  the command line or the input is not right
  3  audit verify, backup --verify: intact, but not all of it is proven; doctor: warnings
  4  not found, or none that this token may see
  5  refused: no valid token (401), or it may not do that (403); policy test: denied
  6  conflict: a name is taken, something changed meanwhile (409, 412)
  7  no server reached, or it cannot serve now (429, 502, 503, 507)`;

export function exitCodeOfStatus(status: number): ExitCode {
  switch (status) {
    case 400:
    case 413:
    case 415:
    case 422:
      return exitCodes.usage;
    case 401:
    case 403:
      return exitCodes.refused;
    case 404:
    case 410:
      return exitCodes.notFound;
    case 409:
    case 412:
      return exitCodes.conflict;
    case 429:
    case 502:
    case 503:
    case 504:
    case 507:
      return exitCodes.unreachable;
    default:
      return exitCodes.failure;
  }
}
