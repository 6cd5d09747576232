// What machines need of a database.
import type { Position } from "../pagination.ts";
import type { Machine } from "./machine.ts";

export interface MachineReader {
  find(organizationId: string, id: string): Promise<Machine | null>;
  /** By name and id, after the given ones; `only` these ids where it is not null. */
  list(
    organizationId: string,
    page: {
      readonly after: Position | null;
      readonly limit: number;
      readonly only: readonly string[] | null;
    },
  ): Promise<readonly Machine[]>;
}

export interface MachineRepository extends MachineReader {
  insert(machine: Machine): Promise<void>;
  rename(id: string, name: string, at: number): Promise<void>;
  /** Moves the date of its last change. */
  touch(id: string, at: number): Promise<void>;
  remove(id: string): Promise<void>;
}
