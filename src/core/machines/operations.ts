// What a dialect may do with machines.
import type { Caller } from "../caller.ts";
import { callOf, read } from "../operation.ts";
import type { Directory } from "../organizations/directory.ts";
import type { Ref } from "../organizations/organization.ts";
import { type Page, type Position, pageOf } from "../pagination.ts";
import type { Context } from "../ports.ts";
import { createMachine } from "./create.ts";
import { type Machine, machineAuditTarget } from "./machine.ts";
import { getMachine, listMachines } from "./read.ts";
import { removeMachine } from "./remove.ts";
import { renameMachine } from "./rename.ts";

/** `opaque`: its client has sealed the name (client custody). */
interface Naming {
  readonly opaque?: true;
}

export interface MachineOperations {
  create(caller: Caller, org: Ref, machine: Naming & { name: string }): Promise<Machine>;
  get(caller: Caller, org: Ref, id: string): Promise<Machine>;
  list(caller: Caller, org: Ref, page: { after: Position | null; limit: number }): Promise<Page<Machine>>;
  update(caller: Caller, org: Ref, id: string, change: Naming & { name?: string }): Promise<Machine>;
  remove(caller: Caller, org: Ref, id: string): Promise<void>;
}

export function machineOperations(ctx: Context, directory: Directory): MachineOperations {
  const targetOf = (id: string | null) => machineAuditTarget("client", { id, name: null });
  const callIn = async (
    caller: Caller,
    org: Ref,
    action: "machine.create" | "machine.read" | "machine.manage",
    id: string | null,
  ) => {
    const { id: organizationId } = await directory.locate(caller, org, action, targetOf(id));
    return { ...callOf(ctx, caller), organizationId };
  };
  const reading = (id: string | null) => ({ action: "machine.read", target: targetOf(id) }) as const;

  return {
    async create(caller, org, { name, opaque = false }) {
      const call = await callIn(caller, org, "machine.create", null);
      return ctx.database.execute(createMachine, { ...call, id: ctx.ids.next(), name, opaque });
    },
    async get(caller, org, id) {
      const call = await callIn(caller, org, "machine.read", id);
      return read(ctx, { query: getMachine, ...reading(id), where: "point" }, { ...call, id });
    },
    async list(caller, org, page) {
      const call = await callIn(caller, org, "machine.read", null);
      const input = { ...call, ...page };
      const rows = await read(ctx, { query: listMachines, ...reading(null), where: "scan" }, input);
      return pageOf(rows, page.limit, ({ id, name }) => ({ key: name, id }));
    },
    async update(caller, org, id, { name = null, opaque = false }) {
      const call = await callIn(caller, org, "machine.manage", id);
      return ctx.database.execute(renameMachine, { ...call, id, name, opaque });
    },
    async remove(caller, org, id) {
      const call = await callIn(caller, org, "machine.manage", id);
      // Each round is whole in itself and audited.
      while ((await ctx.database.execute(removeMachine, { ...call, id })) === "more");
    },
  };
}
