// What values in other backends look like in their rows, and back. Rows never leave storage.
import type {
  BackendState,
  DriftReport,
  OwedDeletion,
  OwedKind,
  RemoteRow,
  SweepReport,
} from "../../core/backends/records.ts";
import type { VersionState } from "../../core/secrets/secret.ts";
import { parsedOrNull } from "./columns.ts";

export interface VersionRow {
  id: string;
  organization_id: string;
  secret_id: string;
  state: VersionState;
  backend: string;
  write_id: string;
  remote_ref: string | null;
  remote_version: string | null;
  lease_until: number | null;
  created_at: number;
}

export const versionColumns =
  "id, organization_id, secret_id, state, backend, write_id, remote_ref, remote_version, lease_until, created_at";

export function remoteRow(row: VersionRow): RemoteRow {
  return {
    versionId: row.id,
    organizationId: row.organization_id,
    secretId: row.secret_id,
    state: row.state,
    backend: row.backend,
    writeId: row.write_id,
    ref: row.remote_ref,
    version: row.remote_version,
    leaseUntil: row.lease_until,
    createdAt: row.created_at,
  };
}

export interface OwedRow {
  id: string;
  organization_id: string;
  secret_id: string;
  backend: string;
  kind: OwedKind;
  ref: string | null;
  remote_version: string | null;
  write_id: string | null;
  created_at: number;
  due_at: number;
  attempts: number;
}

export const owedColumns =
  "id, organization_id, secret_id, backend, kind, ref, remote_version, write_id, created_at, due_at, attempts";

export function owedOf(row: OwedRow): OwedDeletion {
  return {
    id: row.id,
    organizationId: row.organization_id,
    secretId: row.secret_id,
    backend: row.backend,
    kind: row.kind,
    ref: row.ref,
    version: row.remote_version,
    writeId: row.write_id,
    createdAt: row.created_at,
    dueAt: row.due_at,
    attempts: row.attempts,
  };
}

export interface StateRow {
  name: string;
  epoch: number;
  epoch_at: number | null;
  guarded: number;
  swept_at: number | null;
  swept_by: string | null;
  report: string | null;
  drift: string | null;
  drift_after: string | null;
}

/** Older ones do not say what failed. */
function reportOf(text: string | null): SweepReport | null {
  const report = parsedOrNull<Omit<SweepReport, "failed"> & Partial<SweepReport>>(text);
  return report && { ...report, failed: report.failed ?? 0 };
}

export function stateOf(row: StateRow): BackendState {
  return {
    name: row.name,
    epoch: row.epoch,
    epochAt: row.epoch_at,
    guarded: row.guarded === 1,
    sweptAt: row.swept_at,
    sweptBy: row.swept_by,
    report: reportOf(row.report),
    drift: parsedOrNull<DriftReport>(row.drift),
    driftAfter: row.drift_after,
  };
}
