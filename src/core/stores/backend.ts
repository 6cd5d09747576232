// Which backend a store's values go to. That is the organization's business, not a store's: it decides who
// else holds the values, and another store's values may lie there too.
import { type Access, denied, organizationTarget, permit } from "../access.ts";
import { type Backends, embedded } from "../backends/backends.ts";
import { backendNotFound } from "../backends/errors.ts";

export interface AskedBackend {
  readonly name: string;
  /** Whether this server has it; only who may choose one is told. */
  readonly known: boolean;
}

export function askedBackend(backends: Backends, name: string): AskedBackend {
  return { name, known: name === embedded || backends.find(name) !== null };
}

/**
 * For who manages the organization; that right does not come with any grant on a store. It is asked of those
 * alone who may do what they are about but for the backend: who may not see the store was refused before.
 */
export function permitBackend(access: Access, { name, known }: AskedBackend): string {
  permit(access, "organization.manage", organizationTarget(), denied);
  if (!known) throw backendNotFound();
  return name;
}
