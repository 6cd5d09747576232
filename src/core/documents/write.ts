// Making, changing and removing documents needs `store.update`. Each takes a revision of the organization
// and stands in the audit trail; the feed tells nothing of them.
import { noted } from "../audit/noted.ts";
import { actorOf } from "../caller.ts";
import { quotaExceeded, RunAgain } from "../errors.ts";
import { limits } from "../limits.ts";
import { mutation, type OrganizationCall } from "../operation.ts";
import type { Transaction } from "../ports.ts";
import { demandPrecondition, type Precondition } from "../secrets/update.ts";
import type { Attributes, Store } from "../stores/store.ts";
import { type Document, documentNameTaken, documentNotFound, documentTarget } from "./document.ts";
import { type ShelfCall, shelfOf } from "./read.ts";

interface CreateInput extends ShelfCall {
  readonly id: string;
  readonly name: string;
  readonly body: Attributes;
  readonly dryRun: boolean;
}

const action = "store.update";

export const createDocument = mutation<CreateInput, Document>({
  name: "document.create",
  action,
  target: documentTarget,
  run: async (tx, input) => {
    const { store, shelf, because } = await shelfOf(tx, input, action);
    const { organizationId, id, name, body, at } = input;
    if (input.dryRun && (await tx.documents.find(shelf, name)) !== null) throw documentNameTaken();
    const made: Document = {
      id,
      organizationId,
      ...shelf,
      name,
      body,
      createdAt: at,
      createdBy: actorOf(input.caller),
      updatedAt: null,
      updatedBy: null,
      revision: 0,
    };
    if (input.dryRun) return made;
    // After it nobody else writes in the organization until the commit: the count holds.
    const revision = await nextRevision(tx, organizationId);
    const limit = limits.documentsOfStoreMax;
    if ((await tx.documents.count(shelf)) >= limit) throw quotaExceeded("documents of one kind", limit);
    const document = { ...made, revision };
    await tx.documents.insert(document);
    await told(tx, input, store, document, because, "created");
    return document;
  },
});

interface ChangeInput extends ShelfCall {
  readonly name: string;
  readonly precondition: Precondition;
}

interface UpdateInput extends ChangeInput {
  readonly body: Attributes;
  readonly dryRun: boolean;
}

export const updateDocument = mutation<UpdateInput, Document>({
  name: "document.update",
  action,
  target: documentTarget,
  run: async (tx, input) => {
    const { store, because, before } = await documentToChange(tx, input);
    if (JSON.stringify(before.body) === JSON.stringify(input.body)) {
      if (!input.dryRun) await told(tx, input, store, before, because, "nothing");
      return before;
    }
    const changed = {
      ...before,
      body: input.body,
      updatedAt: input.at,
      updatedBy: actorOf(input.caller),
    };
    if (input.dryRun) return changed;
    const after = { ...changed, revision: await nextRevision(tx, input.organizationId) };
    if (!(await tx.documents.update(after, before.revision))) throw new RunAgain("the document changed");
    await told(tx, input, store, after, because, "updated");
    return after;
  },
});

export const removeDocument = mutation<ChangeInput, Document>({
  name: "document.remove",
  frees: true,
  action,
  target: documentTarget,
  run: async (tx, input) => {
    const { store, because, before } = await documentToChange(tx, input);
    const revision = await nextRevision(tx, input.organizationId);
    const removed = await tx.documents.remove(before.id, before.revision);
    if (!removed) throw new RunAgain("the document changed");
    await told(tx, input, store, { ...before, revision }, because, "removed");
    return before;
  },
});

async function documentToChange(tx: Transaction, input: ChangeInput) {
  const { store, shelf, because } = await shelfOf(tx, input, action);
  const before = await tx.documents.find(shelf, input.name);
  if (before === null) throw documentNotFound();
  demandPrecondition(before, input.precondition);
  return { store, because, before };
}

async function nextRevision(tx: Transaction, organizationId: string): Promise<number> {
  return (await tx.organizations.advance(organizationId, { revisions: 1, secrets: 0, stores: 0 })).revision;
}

async function told(
  tx: Transaction,
  input: OrganizationCall,
  store: Store,
  { id, name, kind, revision }: Document,
  because: string,
  change: string,
): Promise<void> {
  const target = { ...documentTarget({ id, name }), storeId: store.id };
  await noted(tx, input, { action, target, because, details: { change, kind, revision } });
}
