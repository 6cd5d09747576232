// Named points at which a test may stop, delay or break the engine. The published server has no way
// to set them: only test entry modules hand a module of faults over.

/** Called at `migration.ID`, `group.begin`, `COMMAND.before-commit` and `COMMAND.after-commit`. */
export type Fault = (point: string) => void;

export interface FaultModule {
  readonly fault: Fault;
}
