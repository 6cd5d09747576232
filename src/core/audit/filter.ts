/** Which audit entries a list shows; newest first. */
export interface AuditFilter {
  readonly organizationId: string;
  readonly action: string | null;
  /** The caller's id. */
  readonly caller: string | null;
  /** The target's id or name. */
  readonly target: string | null;
  readonly outcome: string | null;
  readonly dialect: string | null;
  readonly since: number | null;
  readonly until: number | null;
}
