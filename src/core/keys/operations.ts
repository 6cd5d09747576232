// What a dialect may do with keys.
import { type Caller, systemCaller } from "../caller.ts";
import { callOf, read } from "../operation.ts";
import type { Directory } from "../organizations/directory.ts";
import type { Ref } from "../organizations/organization.ts";
import type { Context } from "../ports.ts";
import { destroyKey } from "./destroy.ts";
import { type InstallationKeyOperations, installationKeyOperations } from "./installation-operations.ts";
import { resealer, type Step } from "./resealer.ts";
import { type RootKeyOperations, rootKeyOperations } from "./root-operations.ts";
import { nextTerm, retireTerms, rotateKey } from "./rotate.ts";
import { sealing } from "./sealing.ts";
import { type KeyStatus, keyStatus, termsToRotate } from "./status.ts";
import { termTarget } from "./term.ts";

export interface KeyOperations {
  status(caller: Caller, org: Ref): Promise<KeyStatus>;
  /** Begins a new term. Values move over by themselves, or at once by `rewrap`. */
  rotate(caller: Caller, org: Ref): Promise<KeyStatus>;
  /** Moves a bounded number of values to the current term. To be called until it has ended. */
  rewrap(caller: Caller, org: Ref): Promise<Step>;
  destroy(caller: Caller, org: Ref, term: number): Promise<void>;
  readonly installation: InstallationKeyOperations;
  readonly roots: RootKeyOperations;
  /** The server's own: carries on what is unfinished; answers how many values and keys did not open. */
  readonly work: (stopped: () => boolean) => Promise<number>;
}

const target = termTarget(null);

export function keyOperations(ctx: Context, directory: Directory): KeyOperations {
  const { database, keyring } = ctx;
  const values = resealer(ctx);
  const roots = rootKeyOperations(ctx);

  const inputOf = async (caller: Caller, org: Ref, action: "key.read" | "key.manage") => {
    const { id } = await directory.locate(caller, org, action, target);
    return { ...callOf(ctx, caller), organizationId: id };
  };

  const status: KeyOperations["status"] = async (caller, org) => {
    const input = await inputOf(caller, org, "key.read");
    return read(ctx, { query: keyStatus, action: "key.read", target, where: "scan" }, input);
  };

  const terms = async (caller: Caller, org: Ref) => {
    const input = await inputOf(caller, org, "key.manage");
    const reading = { query: termsToRotate, action: "key.manage", target, where: "point" } as const;
    return { organizationId: input.organizationId, terms: await read(ctx, reading, input) };
  };

  return {
    status,
    async rotate(caller, org) {
      const { id } = await directory.locate(caller, org, "key.manage", target);
      await sealing(ctx, id, async () => {
        const { terms: before } = await terms(caller, org);
        const call = callOf(ctx, caller);
        const key = keyring.newOrganizationKey(id, call.at, nextTerm(before));
        await database.execute(rotateKey, { ...call, organizationId: id, key });
      });
      keyring.forget(id);
      values.begin(id);
      await database.execute(retireTerms, { ...callOf(ctx, systemCaller("rotation")), organizationId: id });
      return status(caller, org);
    },
    async rewrap(caller, org) {
      const { organizationId } = await terms(caller, org);
      return values.step(organizationId);
    },
    async destroy(caller, org, term) {
      const input = await inputOf(caller, org, "key.manage");
      await database.execute(destroyKey, { ...input, term });
      keyring.forget(input.organizationId);
    },
    installation: installationKeyOperations(ctx),
    roots,
    work: async (stopped) => (await roots.work(stopped)) + (await values.work(stopped)),
  };
}
