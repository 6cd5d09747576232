import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { openCoffer } from "./coffer.ts";
import { fill } from "./http/fill.ts";
import { load } from "./http/load.ts";
import { select } from "./http/secrets.ts";
const ticks = (pid: number) => {
  const out = new Map<string, {u: number, s: number, vol: number, inv: number}>();
  for (const t of readdirSync(`/proc/${pid}/task`)) {
    const text = readFileSync(`/proc/${pid}/task/${t}/stat`, "latin1");
    const name = text.slice(text.indexOf("(") + 1, text.lastIndexOf(")"));
    const f = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const st = readFileSync(`/proc/${pid}/task/${t}/status`, "latin1");
    out.set(`${name} ${t}`, { u: Number(f[11]), s: Number(f[12]), vol: Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(st)![1]), inv: Number(/nonvoluntary_ctxt_switches:\s+(\d+)/m.exec(st)![1]) });
  }
  return out;
};
const data = mkdtempSync("/var/tmp/lab-");
const coffer = await openCoffer({ data, database: null, profile: process.env.PROF ?? null });
await fill(coffer, 3200, 8);
const secs = Number(process.env.SECS ?? 6);
const rounds = Number(process.env.ROUNDS ?? 3);
const job = { url: coffer.url, pid: coffer.pid, token: coffer.token, connections: 32, requests: { kind: "reveal" as const, secrets: select(3200, 1000) }, until: { warmSeconds: 2, seconds: secs } };
console.error("pid", coffer.pid);
for (let i = 0; i < rounds; i++) {
  const a = ticks(coffer.pid);
  const r = await load(job);
  const b = ticks(coffer.pid);
  const n = r.answers * (secs + 2) / secs;
  const rows = [...b].map(([k, v]) => { const o = a.get(k) ?? { u: 0, s: 0, vol: 0, inv: 0 }; return { k, u: (v.u - o.u) * 10000 / n, s: (v.s - o.s) * 10000 / n, vol: (v.vol - o.vol) / (secs + 2), inv: (v.inv - o.inv) / (secs + 2) }; }).filter((x) => x.u + x.s > 0.2);
  console.log(`${Math.round(r.perSecond)}/s p50 ${r.p50Ms} p99 ${r.p99Ms} gen ${(r.generatorCores / r.perSecond * 1e6).toFixed(1)}us srv ${(r.serverCores / r.perSecond * 1e6).toFixed(1)}us | ` + rows.map((x) => `${x.k.split(" ")[0]}:${x.u.toFixed(1)}+${x.s.toFixed(1)} v${Math.round(x.vol)} i${Math.round(x.inv)}`).join("  "));
}
await coffer.stop();
rmSync(data, { recursive: true });
