// Root keys that are kept elsewhere, by what really keeps them: from the first start over an outage and a
// rotation to the next keeper. `bin/coffer` does all of it, as an operator types it.
import { match, notStrictEqual, rejects, strictEqual } from "node:assert";
import { existsSync, rmSync } from "node:fs";
import { openAwsKms } from "../../src/crypto/roots/aws-kms.ts";
import { openLine, parseRootRecord, type RecordLine } from "../../src/crypto/roots/record.ts";
import { openSuite } from "../support/suite.ts";
import { privateFile } from "./files.ts";
import {
  type Keeper,
  type Kms,
  openKms,
  openToken,
  openTransit,
  type Token,
  type Transit,
} from "./keepers.ts";
import {
  addToRecord,
  done,
  dropFromRecord,
  expectKept,
  expectSealed,
  keepSecret,
  openSite,
  reconfigure,
  recordOf,
  restart,
  rotateRoot,
  type Site,
  untilReady,
} from "./site.ts";

const suite = openSuite();
const kms = await openKms();
const transit = await openTransit();
const token = await openToken(suite);
const keepers: readonly Keeper[] = [kms, transit, ...(token === null ? [] : [token])];
const environment = Object.assign({}, ...keepers.map(({ env }) => env));
const envOf = ({ settings }: Keeper) => ({ ...environment, COFFER_ROOT_PROVIDER: settings });

for (const keeper of keepers) await lifeChecks(keeper);
await kmsChecks(kms);
await transitChecks(transit);
if (token !== null) await tokenChecks(token);
await moveChecks();

for (const keeper of keepers) await keeper.stop();
suite.end();

/** As a bad disk leaves it. */
function spoilt(record: string): string {
  return record.replace(/( \S+) active #/, (_, blob: string) => `${blob.slice(0, -5)}AAAA= active #`);
}

async function lifeChecks(keeper: Keeper): Promise<void> {
  const { name } = keeper;
  const site = await openSite(envOf(keeper));
  await keepSecret(site);
  await suite.check(`${name}: the first start makes a record, and no key file`, () => {
    match(recordOf(site), new RegExp(`^rk_[0-9a-f]{16} ${keeper.kind} \\S+ \\S+ \\S+ active #`, "m"));
    strictEqual(existsSync(site.path("root.key")), false);
  });
  await suite.check(`${name}: a restart opens what was kept`, async () => {
    await restart(site);
    await expectKept(site);
    match(await done(site, "key", "status", "--root"), new RegExp(keeper.kind));
  });
  await suite.check(`${name}: away, it holds up starts alone, and the server opens by itself`, async () => {
    await keeper.leave();
    try {
      await expectKept(site);
      await site.coffer.ask("POST", "/v1/organizations", { slug: "more", name: "More" });
      await restart(site);
      await expectSealed(site);
    } finally {
      await keeper.back();
    }
    await untilReady(site);
    await expectKept(site);
  });
  await suite.check(`${name}: a root key gives way to the next one without a restart`, async () => {
    await addToRecord(site);
    await dropFromRecord(site, await rotateRoot(site));
    await expectKept(site);
    await restart(site);
    await expectKept(site);
  });
  await suite.check(`${name}: a record that was damaged is found out, and nothing is done`, async () => {
    const record = recordOf(site);
    privateFile(site.path("root.record"), spoilt(record));
    await restart(site);
    await expectSealed(site);
    privateFile(site.path("root.record"), record);
    await restart(site);
    await expectKept(site);
  });
  await site.coffer.stop();
}

function onlyLine(record: string): RecordLine {
  const [line] = parseRootRecord(record);
  if (line === undefined) throw new Error("there is no line");
  return line;
}

async function kmsChecks(keeper: Kms): Promise<void> {
  const site = await openSite(envOf(keeper));
  const line = onlyLine(recordOf(site));
  await site.coffer.stop();
  Object.assign(process.env, keeper.env);
  const entries = new Map(keeper.settings.split(",").map((entry) => entry.split("=") as [string, string]));
  const [region, endpoint] = [entries.get("region") ?? "", entries.get("endpoint") ?? ""];
  const open = (changed: Partial<RecordLine>) =>
    openAwsKms({ kind: "aws-kms", key: keeper.otherKey, region, endpoint }).then((provider) =>
      openLine([provider], { ...line, ...changed }),
    );
  await suite.check(
    `${keeper.name}: opens by the key that the record names, whatever is configured`,
    async () => {
      strictEqual((await open({})).id, line.id);
    },
  );
  await suite.check(`${keeper.name}: refuses another context, another key, another blob`, async () => {
    const damaged = { message: /does not open/ };
    const other = line.keyId.replace(/[^/]*$/, keeper.otherKey);
    const blob = Buffer.from(line.blob);
    blob[blob.length - 1] = (blob.at(-1) ?? 0) ^ 1;
    await rejects(open({ id: "rk_0123456789abcdef" }), damaged);
    // moto calls it a matter of rights, where AWS has an error of its own for it.
    await rejects(open({ keyId: other }), { message: /does not open|refuses the credential/ });
    await rejects(open({ blob }), damaged);
  });
}

async function transitChecks(keeper: Transit): Promise<void> {
  const site = await openSite(envOf(keeper));
  await keepSecret(site);
  await suite.check(`${keeper.name}: a record is brought to the newest version of the key`, async () => {
    await keeper.rotate();
    const before = recordOf(site);
    const refreshed = await done(site, "key", "refresh", "--from", site.path("root.record"));
    notStrictEqual(refreshed, before);
    match(onlyLine(refreshed).blob.toString(), /^vault:v2:/);
    privateFile(site.path("root.record"), refreshed);
    await keeper.forgetOlder();
    await restart(site);
    await expectKept(site);
    privateFile(site.path("root.record"), before);
    await restart(site);
    await expectSealed(site);
    privateFile(site.path("root.record"), refreshed);
  });
  await suite.check(
    `${keeper.name}: a token that is refused seals, and a new one opens at a start`,
    async () => {
      privateFile(`${keeper.tokenFile}.wrong`, "hvs.nonsense\n");
      reconfigure(site, {
        ...environment,
        COFFER_ROOT_PROVIDER: keeper.settings.replace(keeper.tokenFile, `${keeper.tokenFile}.wrong`),
      });
      await restart(site);
      await expectSealed(site);
      reconfigure(site, envOf(keeper));
      await restart(site);
      await expectKept(site);
    },
  );
  await site.coffer.stop();
}

async function tokenChecks(keeper: Token): Promise<void> {
  const site = await openSite(envOf(keeper));
  await keepSecret(site);
  await suite.check(
    `${keeper.name}: a wrong PIN is shown once a start, and the token is not locked`,
    async () => {
      privateFile(keeper.pinFile, "11111111\n");
      for (let times = 0; times < 5; times += 1) {
        const before = keeper.logins();
        await restart(site);
        await expectSealed(site);
        strictEqual(keeper.logins(), before + 1);
      }
      privateFile(keeper.pinFile, `${keeper.pin}\n`);
      await restart(site);
      await expectKept(site);
    },
  );
  await suite.check(`${keeper.name}: two servers use it at once`, async () => {
    const other = await openSite(envOf(keeper));
    await keepSecret(other);
    await Promise.all([restart(site), restart(other)]);
    // While one logs in, SoftHSM may hide the token from the other for a moment, which then asks again.
    await Promise.all([untilReady(site), untilReady(other)]);
    await Promise.all([expectKept(site), expectKept(other)]);
    await other.coffer.stop();
  });
  await site.coffer.stop();
}

async function moveChecks(): Promise<void> {
  const site: Site = await openSite(environment);
  await keepSecret(site);
  let before: Keeper | null = null;
  for (const keeper of keepers) {
    const from: string = before?.name ?? "a key file";
    await suite.check(`from ${from} to ${keeper.name}, while values are read`, async () => {
      const older: Readonly<Record<string, string>> =
        before === null ? {} : { COFFER_ROOT_OLDER_PROVIDER: before.settings };
      reconfigure(site, { ...envOf(keeper), ...older });
      await addToRecord(site);
      await restart(site);
      const id = await rotateRoot(site);
      await expectKept(site);
      if (before === null) rmSync(site.path("root.key"));
      else await dropFromRecord(site, id);
      reconfigure(site, envOf(keeper));
      await restart(site);
      await expectKept(site);
    });
    before = keeper;
  }
  await suite.check(`from ${before?.name} back to a key file`, async () => {
    privateFile(site.path("root.key"), await done(site, "key", "new"));
    reconfigure(site, { ...environment, COFFER_ROOT_OLDER_PROVIDER: before?.settings ?? "" });
    await restart(site);
    await rotateRoot(site);
    rmSync(site.path("root.record"));
    reconfigure(site, environment);
    await restart(site);
    await expectKept(site);
  });
  await site.coffer.stop();
}
