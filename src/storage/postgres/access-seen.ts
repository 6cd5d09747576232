// What one writing transaction sees of access. Beside it others write: what it decided under must stand
// when it commits, and what it saw under an epoch of its own must not outlive it.
import { RunAgain } from "../../core/errors.ts";
import type { AccessRepository, Authorities, CachedAuthority, Epochs } from "../../core/ports.ts";
import type { SeenAuthorities } from "../authorities.ts";

export class AccessSeen implements Authorities {
  readonly #shared: SeenAuthorities;
  readonly #own = new Map<string, CachedAuthority>();
  /** By organization, under what was decided; not of those whose epochs this transaction holds. */
  readonly #under = new Map<string, Epochs>();
  readonly #held = new Set<string>();
  #raised = false;

  constructor(shared: SeenAuthorities) {
    this.#shared = shared;
  }

  get(key: string): CachedAuthority | undefined {
    return this.#own.get(key) ?? this.#shared.get(key);
  }

  set(key: string, authority: CachedAuthority): void {
    this.#own.set(key, authority);
  }

  /** The same, noticed. */
  watching(access: AccessRepository): AccessRepository {
    const holds = (organizationId: string) => {
      this.#held.add(organizationId);
      this.#under.delete(organizationId);
    };
    return {
      ...access,
      epochs: async (organizationId) => {
        const epochs = await access.epochs(organizationId);
        const known = this.#held.has(organizationId) || this.#under.has(organizationId);
        if (!known) this.#under.set(organizationId, epochs);
        return epochs;
      },
      holdEpochs: async (organizationId) => {
        const epochs = await access.holdEpochs(organizationId);
        holds(organizationId);
        return epochs;
      },
      raiseEpoch: async (organizationId) => {
        this.#raised = true;
        await access.raiseEpoch(organizationId);
        holds(organizationId);
      },
      raiseInstallationEpoch: async () => {
        this.#raised = true;
        await access.raiseInstallationEpoch();
        for (const [organizationId, { organization, installation }] of this.#under)
          this.#under.set(organizationId, { organization, installation: installation + 1 });
      },
    };
  }

  /**
   * The last before the commit: nobody's rights were taken from him while it wrote, however long that
   * took. Who changes access holds the epochs anyway; the others only look, and keep no revocation waiting.
   */
  async confirm(access: Pick<AccessRepository, "epochs">): Promise<void> {
    for (const [organizationId, under] of this.#under) {
      const { organization, installation } = await access.epochs(organizationId);
      if (organization !== under.organization || installation !== under.installation)
        throw new RunAgain("access moved");
    }
  }

  /** After the commit. Under an epoch that it raised it may have looked before its last change. */
  adopt(): void {
    if (!this.#raised) for (const [key, authority] of this.#own) this.#shared.set(key, authority);
    this.abandon();
  }

  /** Of a transaction that is over nothing is left. */
  abandon(): void {
    this.#own.clear();
    this.#under.clear();
    this.#held.clear();
    this.#raised = false;
  }
}
