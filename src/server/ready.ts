// Whether this server can do its work, for whoever sends requests to it. The probe is a real look at the
// database and a real commit, at most once a second however often it is asked: anybody may ask.
import { probeAudit } from "../core/audit/probe.ts";
import type { OpenNode, SealedNode } from "./compose.ts";

const askAgainMs = 1_000;

export interface Health {
  ready(): Promise<Readiness>;
  /** From here on it is not ready: it ends. */
  drain(): void;
}

export interface Readiness {
  readonly status: 200 | 503;
  readonly body: ReadyBody;
}

/** What fails is named; what it is about is in the log. */
export interface ReadyBody {
  readonly status: "ready" | "sealed" | "unavailable" | "draining";
  /** Absent: nothing. */
  readonly failing?: readonly ("database" | "audit")[];
  /** Of a sealed server: the id of the root key that it waits for. */
  readonly expects?: string | null;
  /** Space is short: it reads, reveals and deletes, and takes nothing new. */
  readonly writes?: "refused";
  readonly warnings?: readonly string[];
}

export function healthOf(node: OpenNode | SealedNode): Health {
  let draining = false;
  let lookedMs = Number.NEGATIVE_INFINITY;
  let failing: Promise<ReadyBody["failing"]> = Promise.resolve([]);
  const look = (open: OpenNode) => {
    if (performance.now() - lookedMs < askAgainMs) return failing;
    lookedMs = performance.now();
    failing = failingParts(open);
    return failing;
  };
  return {
    drain() {
      draining = true;
    },
    async ready() {
      if (draining) return { status: 503, body: { status: "draining" } };
      if (node.sealed) return sealed(node.expects);
      const parts = (await look(node)) ?? [];
      const warnings = node.warnings();
      const told = warnings.length === 0 ? {} : { warnings };
      if (node.lacks !== null) return sealed(node.lacks);
      if (parts.length > 0) return { status: 503, body: { status: "unavailable", failing: parts, ...told } };
      const writes = node.reserve.low ? ({ writes: "refused" } as const) : {};
      return { status: 200, body: { status: "ready", ...writes, ...told } };
    },
  };
}

function sealed(expects: string | null): Readiness {
  return { status: 503, body: { status: "sealed", expects } };
}

/** Both at once: a database that hangs is waited for once. */
async function failingParts({ probe, context }: OpenNode): Promise<ReadyBody["failing"]> {
  const { database, ids } = context;
  const fails = (work: Promise<unknown>) =>
    work.then(
      () => false,
      () => true,
    );
  const [reads, writes] = await Promise.all([
    fails(probe()),
    fails(database.share(probeAudit, { id: ids.next() })),
  ]);
  return [...(reads ? (["database"] as const) : []), ...(writes ? (["audit"] as const) : [])];
}
