// The reconciler of a Coffer under test, a round at a time and as often as it is asked: backends that a
// test gave are not looked after by the server itself.
import { type Reconciler, reconciler } from "../../src/core/backends/reconcile.ts";
import type { TestCoffer } from "./server.ts";

export interface TestReconciler extends Reconciler {
  readonly alerts: string[];
}

export function reconcilerOf(coffer: TestCoffer, release = "1", steady = () => true): TestReconciler {
  const alerts: string[] = [];
  const alert = (what: string) => void alerts.push(what);
  return { ...reconciler(coffer.node.context, { owner: "test", release, alert, steady }), alerts };
}
