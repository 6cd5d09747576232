// What a suite found, one line for each check, and at its end what could not be run here and why.
// Keeps: nothing that was left out goes unnamed, and with COFFER_TEST_REQUIRE=all it fails, unless it was
// shown that no registry of this machine delivers it.
import { AssertionError } from "node:assert";

export interface Suite {
  /** Its assertions are those of node:assert. What fails does not stop the next. */
  check(what: string, body: () => void | Promise<void>): Promise<void>;
  /** Something that an installation on this machine would bring. */
  notRun(what: string, because: string): void;
  /** Something that was asked for and refused; `because` is that answer. */
  notDelivered(what: string, because: string): void;
  /** Where a client that was run differs from the one that people install. */
  notAsShipped(what: string): void;
  /** Prints the closing block and sets the exit code. */
  end(): void;
}

export function openSuite(): Suite {
  const notes: string[] = [];
  let passed = 0;
  let failed = 0;
  let missing = 0;
  return {
    async check(what, body) {
      try {
        await body();
        passed += 1;
        console.log(`ok   ${what}`);
      } catch (error) {
        failed += 1;
        console.log(`FAIL ${what}: ${indented(reasonOf(error))}`);
      }
    },
    notRun(what, because) {
      missing += 1;
      notes.push(`not run: ${what}: ${because}`);
    },
    notDelivered(what, because) {
      notes.push(`not run: ${what}: no registry of this machine delivers it: ${because}`);
    },
    notAsShipped(what) {
      notes.push(`not as shipped: ${what}`);
    },
    end() {
      if (notes.length > 0) console.log(`\n${notes.map(indented).join("\n")}`);
      console.log(`\n${passed} passed, ${failed} failed`);
      const demanded = process.env.COFFER_TEST_REQUIRE === "all" ? missing : 0;
      process.exitCode = passed > 0 && failed === 0 && demanded === 0 ? 0 : 1;
    },
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof AssertionError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function indented(text: string): string {
  return text.trim().replaceAll("\n", "\n     ");
}
