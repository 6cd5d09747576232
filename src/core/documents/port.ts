// What documents need of a database.
import type { Document } from "./document.ts";

/** Documents of one kind in one store. */
export interface Shelf {
  readonly storeId: string;
  readonly dialect: string;
  readonly kind: string;
}

export interface DocumentReader {
  find(shelf: Shelf, name: string): Promise<Document | null>;
  /** By name, after the given one. */
  list(shelf: Shelf, page: { after: string | null; limit: number }): Promise<readonly Document[]>;
  count(shelf: Shelf): Promise<number>;
}

export interface DocumentRepository extends DocumentReader {
  /** Throws `document.name_taken`: the unique index decides. */
  insert(document: Document): Promise<void>;
  /** False where it does not stand at `revision` any more. */
  update(document: Document, revision: number): Promise<boolean>;
  /** False in the same case. */
  remove(id: string, revision: number): Promise<boolean>;
}
