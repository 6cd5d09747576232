// Those who wait for the writer, in the order in which they asked. Answers come in the same order,
// so no ids travel. Who has waited too long is answered, and his place stays until his turn comes.
import type { CofferError } from "../core/errors.ts";
import { outcomeUnknown, unavailable } from "./engine.ts";

export interface Waiter {
  /** Whether only a record was to be kept, so that an unknown outcome harms nobody. */
  readonly shared: boolean;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: CofferError) => void;
}

interface Place extends Waiter {
  readonly sinceMs: number;
  answered: boolean;
}

export class WaitingLine {
  readonly #waitMs: number;
  #places: Place[] = [];
  #first = 0;
  #ticking: NodeJS.Timeout | null = null;

  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  get length(): number {
    return this.#places.length - this.#first;
  }

  join(waiter: Waiter): void {
    this.#places.push({ ...waiter, sinceMs: performance.now(), answered: false });
    // One coarse timer for all: one of its own for each of thousands of reveals a second costs more
    // than the precision is worth.
    this.#ticking ??= setInterval(() => this.#tick(), Math.max(10, this.#waitMs / 20));
  }

  /** The next in line gets his answer. */
  next(answer: { readonly result: unknown } | { readonly error: CofferError }): void {
    const place = this.#places[this.#first];
    if (place === undefined) return;
    this.#first += 1;
    if (this.#first === this.#places.length) this.#clear();
    else if (this.#first >= 1_024) this.#forgetAnswered();
    // To who was answered before, this says nothing.
    if ("result" in answer) place.resolve(answer.result);
    else place.reject(softened(place, answer.error));
  }

  /** Nobody will be answered any more: the writer is gone. */
  dismiss(): void {
    for (const place of this.#places.slice(this.#first)) expire(place);
    this.#clear();
  }

  #clear(): void {
    this.#places = [];
    this.#first = 0;
    if (this.#ticking !== null) clearInterval(this.#ticking);
    this.#ticking = null;
  }

  #forgetAnswered(): void {
    this.#places = this.#places.slice(this.#first);
    this.#first = 0;
  }

  #tick(): void {
    const before = performance.now() - this.#waitMs;
    for (let at = this.#first; at < this.#places.length; at += 1) {
      const place = this.#places[at];
      if (place === undefined || place.sinceMs > before) return;
      expire(place);
    }
  }
}

function expire(place: Place): void {
  if (place.answered) return;
  place.answered = true;
  place.reject(place.shared ? unavailable() : outcomeUnknown());
}

function softened(place: Place, error: CofferError): CofferError {
  return place.shared && error.code === "storage.outcome_unknown" ? unavailable() : error;
}
