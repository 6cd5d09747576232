// The first halves of all mutations that write values: the very same bodies with the very same checks,
// which say what they would write into another backend. Where nothing goes to one they are the whole.
import type { OrganizationCall } from "../operation.ts";
import type { Command } from "../ports.ts";
import { type CreateInput, createSecrets } from "../secrets/create.ts";
import { type DuplicateInput, duplicateSecret } from "../secrets/duplicate.ts";
import type { Secret } from "../secrets/secret.ts";
import { type UpdateInput, updateSecret } from "../secrets/update.ts";
import { type RestoreInput, restoreVersion } from "../secrets/versions.ts";
import { type ImportInput, importAll, type SharedInput, writeShared } from "../sights/bulk.ts";
import type { IntendedWrite } from "./call.ts";

export interface Intended<O> {
  /** What was done, or what would be. */
  readonly done: O;
  /** Empty: it was done. */
  readonly writes: readonly IntendedWrite[];
}

/** A mutation that writes values, in its halves. */
export interface ValueMutation<I, O> {
  readonly command: Command<I, O>;
  readonly intent: Command<I, Intended<O>>;
}

function intending<I extends OrganizationCall, O>(
  command: Command<I, O>,
): Omit<Command<I, Intended<O>>, "name"> {
  const { name: _, run, ...rest } = command;
  return {
    ...rest,
    async run(tx, input) {
      if (input.remote?.step !== "intend") return { done: await run(tx, input), writes: [] };
      const writes: IntendedWrite[] = [];
      return { done: await run(tx, { ...input, remote: { ...input.remote, writes } }), writes };
    },
  };
}

export const intendCreate: Command<CreateInput, Intended<readonly Secret[]>> = {
  name: "secret.create.intent",
  ...intending(createSecrets),
};
export const intendUpdate: Command<UpdateInput, Intended<Secret>> = {
  name: "secret.update.intent",
  ...intending(updateSecret),
};
export const intendDuplicate: Command<DuplicateInput, Intended<Secret>> = {
  name: "secret.duplicate.intent",
  ...intending(duplicateSecret),
};
export const intendRestore: Command<RestoreInput, Intended<Secret>> = {
  name: "version.restore.intent",
  ...intending(restoreVersion),
};
export const intendImport: Command<ImportInput, Intended<null>> = {
  name: "sight.import.intent",
  ...intending(importAll),
};
export const intendShared: Command<SharedInput, Intended<Secret | null>> = {
  name: "sight.write-shared.intent",
  ...intending(writeShared),
};

export const creating = { command: createSecrets, intent: intendCreate };
export const updating = { command: updateSecret, intent: intendUpdate };
export const duplicating = { command: duplicateSecret, intent: intendDuplicate };
export const restoring = { command: restoreVersion, intent: intendRestore };
export const importing = { command: importAll, intent: intendImport };
export const sharing = { command: writeShared, intent: intendShared };
