// Every migration in the order in which it is applied. A released one is never edited.
import { initial } from "./0001-initial.ts";

export const migrations = [initial] as const;
