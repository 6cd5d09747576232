// Who may what, as this thread has seen it committed. An entry holds under its epochs alone; whoever looks
// at it compares them.
import { limits } from "../core/limits.ts";
import type { Authorities, CachedAuthority } from "../core/ports.ts";

export class SeenAuthorities implements Authorities {
  readonly #seen = new Map<string, CachedAuthority>();

  get(key: string): CachedAuthority | undefined {
    return this.#seen.get(key);
  }

  set(key: string, authority: CachedAuthority): void {
    // Forgetting all at once is rare and cheap; an order of use would cost every request.
    if (this.#seen.size >= limits.accessCacheEntriesMax) this.#seen.clear();
    this.#seen.set(key, authority);
  }

  /** Nobody writes beside this thread, and readers see one snapshot: what was found goes on being so. */
  rests(): void {}

  /** Epochs that were raised and not committed come again, and then they mean something else. */
  clear(): void {
    this.#seen.clear();
  }
}
