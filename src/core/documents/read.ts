// Reading documents needs `store.read`: they say how a store is used, and hold no value.
import { type Access, admit, permit, storeOf, storeTarget } from "../access.ts";
import type { OrganizationCall } from "../operation.ts";
import type { Ref } from "../organizations/organization.ts";
import type { Query, ReadTransaction } from "../ports.ts";
import type { Store } from "../stores/store.ts";
import { type Document, documentNotFound } from "./document.ts";
import type { Shelf } from "./port.ts";

export interface ShelfCall extends OrganizationCall {
  readonly store: Ref;
  readonly kind: string;
}

export async function shelfOf(
  tx: ReadTransaction,
  input: ShelfCall,
  action: "store.read" | "store.update",
): Promise<{ access: Access; store: Store; shelf: Shelf; because: string }> {
  const access = await admit(tx, input, { id: input.organizationId });
  const store = await storeOf(tx, access, input.store);
  const { because } = permit(access, action, storeTarget(store));
  return {
    access,
    store,
    shelf: { storeId: store.id, dialect: input.caller.dialect, kind: input.kind },
    because,
  };
}

export const getDocument: Query<ShelfCall & { readonly name: string }, Document> = {
  name: "document.get",
  run: async (tx, input) => {
    const { shelf } = await shelfOf(tx, input, "store.read");
    const found = await tx.documents.find(shelf, input.name);
    if (found === null) throw documentNotFound();
    return found;
  },
};

interface ListInput extends ShelfCall {
  readonly after: string | null;
  readonly limit: number;
}

export interface DocumentList {
  /** One more than asked when more follow. */
  readonly rows: readonly Document[];
  /** Where the organization stood. */
  readonly revision: number;
}

export const listDocuments: Query<ListInput, DocumentList> = {
  name: "document.list",
  run: async (tx, input) => {
    const { access, shelf } = await shelfOf(tx, input, "store.read");
    const rows = await tx.documents.list(shelf, { after: input.after, limit: input.limit + 1 });
    return { rows, revision: access.organization.revision };
  },
};
