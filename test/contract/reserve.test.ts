// A disk that fills: below the reserve nothing new is taken, while reading, revealing, deleting and
// the audit trail go on; with space again it recovers by itself.
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, statfsSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openSource, verify } from "../../src/verify/index.ts";
import { have } from "../support/requirements.ts";
import { type Client, startCoffer, type TestCoffer } from "../support/server.ts";

const mib = 1024 * 1024;
const secrets = "/v1/organizations/default/stores/default/secrets";

describe.runIf(have("mount"))("with little space left", () => {
  let folder: string;
  let coffer: TestCoffer;
  let call: Client;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "coffer-reserve-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=48m", "none", folder]);
    const config = join(folder, "coffer.yaml");
    writeFileSync(config, "storage:\n  reserve: 16MiB\n");
    coffer = await startCoffer({ data: join(folder, "data"), flags: { config } });
    call = coffer.call(coffer.token);
    for (const name of ["steady", "old", "older"]) {
      expect((await call.post(secrets, { name, value: "one" })).status).toBe(201);
    }
  });
  afterEach(async () => {
    await coffer.stop();
    execFileSync("umount", [folder]);
    rmSync(folder, { recursive: true });
  });

  /** Leaves so many bytes free, and has it measured as the server's job does. */
  async function leave(bytes: number): Promise<void> {
    const ballast = join(folder, "ballast");
    rmSync(ballast, { force: true });
    const { bavail, bsize } = statfsSync(folder);
    writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - bytes)));
    await coffer.node.reserve.measure();
  }

  test("what adds is refused; what reads, reveals and deletes goes on", async () => {
    await leave(12 * mib);
    const full = await call.post(secrets, { name: "new", value: "one" });
    expect(full).toMatchObject({
      status: 507,
      body: {
        error: { code: "storage.full", message: expect.stringContaining("short of disk space"), details: {} },
      },
    });
    expect((await call.put(`${secrets}/steady/value`, { value: "two" })).status).toBe(507);
    expect((await call.patch(`${secrets}/steady`, { description: "x" })).status).toBe(507);
    expect((await call.post("/v1/organizations/default/stores", { name: "new" })).status).toBe(507);

    expect(await call.get(`${secrets}/steady/value`)).toMatchObject({ status: 200, body: { value: "one" } });
    expect((await call.get(secrets)).body.items).toHaveLength(3);
    expect((await call.get(`${secrets}/missing`)).status).toBe(404); // recorded all the same
    expect((await call.delete(`${secrets}/old`)).status).toBe(204);
    expect((await call.delete(`${secrets}/older?purge=true`)).status).toBe(204);
    const { body: trash } = await call.get("/v1/organizations/default/trash");
    const [{ id }] = trash.items;
    expect((await call.post(`/v1/organizations/default/trash/${id}/restore`, {})).status).toBe(507);
    expect((await call.delete(`/v1/organizations/default/trash/${id}`)).status).toBe(204);
    const { body: ready } = await coffer.call(null).get("/readyz");
    expect(ready).toEqual({ status: "ready", writes: "refused" });
    const { body: audit } = await call.get("/v1/organizations/default/audit");
    expect(audit.items.map((entry: { action: string }) => entry.action)).toContain("secret.purge");
  });

  test("access is taken away all the same, and none is given", async () => {
    const org = "/v1/organizations/default";
    const made = async (path: string, body: unknown) => {
      const answer = await call.post(path, body);
      expect(answer.status, answer.text).toBe(201);
      return answer.body;
    };
    const joined = async (role: string) => {
      const email = `${randomUUID()}@example.org`;
      const { invitation, membershipId } = await made(`${org}/people`, { email, role });
      const { body } = await coffer.call(null).post("/v1/invitations/accept", { invitation });
      return { membershipId, id: String(body.person.id) };
    };
    const [leaver, lowered] = [await joined("admin"), await joined("admin")];
    const invited = await made(`${org}/people`, { email: "late@example.org", role: "member" });
    const group = await made(`${org}/groups`, { name: "team" });
    const member = `${org}/groups/${group.id}/members/${lowered.id}`;
    expect((await call.put(member)).status).toBe(204);
    const machine = await made(`${org}/machines`, { name: "robot" });
    const service = await made(`${org}/services`, { name: "worker" });
    const principal = { kind: "machine", id: machine.id };
    const token = await made(`${org}/tokens`, { principal, name: "t" });
    const own = await made("/v1/tokens", { name: "own" });
    const object = { kind: "organization", id: coffer.bootstrap.organization.id };
    const grant = { subject: principal, object, level: "read" };
    expect((await call.put(`${org}/grants`, grant)).status).toBe(200);

    await leave(12 * mib);
    const expectStatus = async (status: number, answer: ReturnType<Client["get"]>) => {
      const { status: was, text } = await answer;
      expect(was, text).toBe(status);
    };
    await expectStatus(507, call.put(`${org}/grants`, { ...grant, level: "write" }));
    await expectStatus(507, call.post(`${org}/tokens`, { principal, name: "another" }));
    await expectStatus(507, call.post(`${org}/people`, { email: "x@example.org", role: "member" }));
    await expectStatus(507, call.post(`${org}/groups`, { name: "another" }));

    await expectStatus(204, call.delete(`${org}/grants`, { subject: principal, object }));
    await expectStatus(204, call.delete(`${org}/tokens/${token.id}`));
    await expectStatus(204, call.delete(`/v1/tokens/${own.id}`));
    await expectStatus(204, call.delete(`${org}/stores/default/jobs/none`));
    await expectStatus(200, call.patch(`${org}/people/${lowered.membershipId}`, { role: "member" }));
    await expectStatus(204, call.delete(member));
    await expectStatus(204, call.delete(`${org}/people/${leaver.membershipId}`));
    await expectStatus(204, call.delete(`${org}/people/${invited.membershipId}`));
    await expectStatus(204, call.delete(`${org}/groups/${group.id}`));
    await expectStatus(204, call.delete(`${org}/machines/${machine.id}`));
    await expectStatus(204, call.delete(`${org}/services/${service.id}`));
    expect((await coffer.call(token.token).get("/v1/whoami")).status).toBe(401);
  });

  test("it recovers by itself, a little above where it began", async () => {
    await leave(12 * mib);
    await leave(18 * mib);
    expect((await call.post(secrets, { name: "new", value: "one" })).status).toBe(507);
    await leave(24 * mib);
    expect((await call.post(secrets, { name: "new", value: "one" })).status).toBe(201);
    expect((await coffer.call(null).get("/readyz")).body).toEqual({ status: "ready" });
    await leave(18 * mib);
    expect((await call.put(`${secrets}/new/value`, { value: "two" })).status).toBe(200);
  });

  test("the server measures by itself, and the trail stays whole", async () => {
    const { bavail, bsize } = statfsSync(folder);
    const ballast = join(folder, "ballast");
    writeFileSync(ballast, Buffer.alloc(bavail * bsize - 12 * mib));
    await until(async () => (await call.put(`${secrets}/steady/value`, { value: "two" })).status === 507);
    truncateSync(ballast, 0);
    await until(async () => (await call.put(`${secrets}/steady/value`, { value: "three" })).status === 200);
    await coffer.stop();
    const source = await openSource({ data: coffer.data });
    expect(await verify(source)).toMatchObject({ verdict: "intact" });
    await source.close();
  });
});

async function until(happened: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 8_000;
  while (!(await happened())) {
    if (performance.now() > endMs) throw new Error("it did not happen");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
