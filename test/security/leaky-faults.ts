// Makes the engine fail with an error whose message quotes what it failed on, as errors of others do.
// The canary comes with this module's URL, backwards, because the place of an error names the URL.
const backwards = new URL(import.meta.url).searchParams.get("quoted") ?? "";
const quoted = [...backwards].reverse().join("");

export function fault(point: string): void {
  if (point === "secret.duplicate.before-commit") {
    throw new Error(`could not write ${quoted}`, { cause: new TypeError(quoted) });
  }
}
