// What runs inside the engines: the core's bodies and the tables they see. On SQLite each thread
// imports this module by its URL.
export { stillHolds } from "../core/access.ts";
export { commands, queries } from "../core/bodies.ts";
export { migrations } from "./migrations/index.ts";
export { readTransactionOn, transactionOn } from "./transaction.ts";
