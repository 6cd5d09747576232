// What one writing transaction sees of access. Beside it others write: who it decided about must still be
// who he was when it commits, and what it saw under an epoch of its own must not outlive it.
import { RunAgain } from "../../core/errors.ts";
import type {
  AccessRepository,
  Authorities,
  CachedAuthority,
  Decided,
  Epochs,
  ReadTransaction,
} from "../../core/ports.ts";
import type { SeenAuthorities } from "../authorities.ts";

type StillHolds = (tx: ReadTransaction, decided: Decided) => Promise<boolean>;

export class AccessSeen implements Authorities {
  readonly #shared: SeenAuthorities;
  readonly #own = new Map<string, CachedAuthority>();
  /** By organization; null: the installation. */
  readonly #decided = new Map<string | null, Decided>();
  /** As they were first read, and raised here since. */
  readonly #epochs = new Map<string, Epochs>();
  #installation: number | null = null;
  /** Organizations whose epochs nobody else raises before the commit, nor the installation's. */
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

  rests(on: Decided): void {
    if (!this.#decided.has(on.organizationId)) this.#decided.set(on.organizationId, on);
  }

  /** The same, noticed. */
  watching(access: AccessRepository): AccessRepository {
    return {
      ...access,
      epochs: async (organizationId) => {
        const epochs = await access.epochs(organizationId);
        if (!this.#epochs.has(organizationId)) this.#epochs.set(organizationId, epochs);
        return epochs;
      },
      installationEpoch: async () => {
        const epoch = await access.installationEpoch();
        this.#installation ??= epoch;
        return epoch;
      },
      holdEpochs: async (organizationId) => {
        const epochs = await access.holdEpochs(organizationId);
        this.#held.add(organizationId);
        return epochs;
      },
      raiseEpoch: async (organizationId) => {
        this.#raised = true;
        await access.raiseEpoch(organizationId);
        const before = this.#epochs.get(organizationId);
        if (before !== undefined)
          this.#epochs.set(organizationId, { ...before, organization: before.organization + 1 });
      },
      raiseInstallationEpoch: async () => {
        this.#raised = true;
        await access.raiseInstallationEpoch();
        if (this.#installation !== null) this.#installation += 1;
        for (const [id, before] of this.#epochs)
          this.#epochs.set(id, { ...before, installation: before.installation + 1 });
      },
    };
  }

  /**
   * The last before the commit: nobody's rights were taken from him while it wrote, however long that took. It
   * looks and holds nothing, so that no revocation waits; and what was changed for others lets it go on.
   */
  async confirm(tx: ReadTransaction, stillHolds: StillHolds): Promise<void> {
    for (const decided of this.#decided.values()) {
      if (await this.#unmoved(tx, decided.organizationId)) continue;
      if (!(await stillHolds(tx, decided))) throw new RunAgain("access moved");
    }
  }

  async #unmoved({ access }: ReadTransaction, organizationId: string | null): Promise<boolean> {
    if (organizationId === null) return (await access.installationEpoch()) === this.#installation;
    if (this.#held.has(organizationId)) return true;
    const before = this.#epochs.get(organizationId);
    const { organization, installation } = await access.epochs(organizationId);
    return organization === before?.organization && installation === before.installation;
  }

  /** After the commit. Under an epoch that it raised it may have looked before its last change. */
  adopt(): void {
    if (!this.#raised) for (const [key, authority] of this.#own) this.#shared.set(key, authority);
    this.abandon();
  }

  /** Of a transaction that is over nothing is left. */
  abandon(): void {
    this.#own.clear();
    this.#decided.clear();
    this.#epochs.clear();
    this.#held.clear();
    this.#installation = null;
    this.#raised = false;
  }
}
