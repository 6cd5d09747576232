import { inspect } from "node:util";

/** A value in the clear. Printing it is harmless; `reveal()` is the one deliberate way out. */
export class Plaintext {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toJSON(): string {
    return "[redacted]";
  }

  toString(): string {
    return "[redacted]";
  }

  [inspect.custom](): string {
    return "[redacted]";
  }
}
