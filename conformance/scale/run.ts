// Scale's own library against a server on an empty data folder: the newest release, and the one before its
// routes were called deprecated; each by its plain and by its asynchronous client.
import { openSuite } from "../support/suite.ts";
import { lifeChecks } from "./life.ts";
import { pageChecks } from "./pages.ts";
import { limitChecks, lostAnswerChecks, sealedChecks } from "./retries.ts";
import { installRelease, type Release, refusalOf } from "./sdk.ts";
import { closeSite, openSite } from "./site.ts";

const suite = openSuite();
const releases: readonly Release[] = [await installRelease("sdk-0.7"), await installRelease("sdk-0.2")];
for (const release of releases) {
  for (const mode of ["sync", "async"] as const) {
    const site = await openSite();
    await lifeChecks(suite, site, release, mode);
    await pageChecks(suite, site, { release, mode });
    await lostAnswerChecks(suite, site, release, mode);
    await closeSite(site);
  }
  await sealedChecks(suite, release);
  await limitChecks(suite, release);
}

for (const { client, name, command, args, because } of [
  {
    client: "the TypeScript client",
    name: "scale-gp",
    command: "npm",
    args: ["view", "scale-gp", "version"],
    because: /\bE404\b/,
  },
  {
    client: "the Go client",
    name: "github.com/scaleapi/sgp-dev-go",
    command: "go",
    args: ["list", "-m", "github.com/scaleapi/sgp-dev-go@latest"],
    because: /\b(?:403 Forbidden|404 Not Found|410 Gone)\b/,
  },
]) {
  const refusal = await refusalOf(command, args, because);
  if (refusal !== null) suite.notDelivered(client, `${name}: ${refusal}`);
  else suite.notRun(client, `${name} was not refused, and no check of it is written`);
}
suite.end();
