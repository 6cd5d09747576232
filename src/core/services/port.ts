// What services need of a database.
import type { Position } from "../pagination.ts";
import type { Service } from "./service.ts";

export interface ServiceReader {
  find(organizationId: string, id: string): Promise<Service | null>;
  /** By name, after the given one. */
  list(
    organizationId: string,
    page: { readonly after: Position | null; readonly limit: number },
  ): Promise<readonly Service[]>;
}

export interface ServiceRepository extends ServiceReader {
  /** Throws `service.name_taken`, as `update` does. */
  insert(service: Service): Promise<void>;
  update(service: Service): Promise<void>;
  remove(id: string): Promise<void>;
}
