// The agent over TLS, with the certificate that the server makes for itself.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { startCoffer } from "../support/coffer.ts";
import type { Suite } from "../support/suite.ts";
import { addCluster, addJob, jobVariables, secretGet } from "./site.ts";

export async function tlsChecks(suite: Suite, agent: string): Promise<void> {
  const coffer = await startCoffer({ flags: ["--tls", "auto"] });
  const authority = join(coffer.data, "tls", "ca.pem");
  setDefaultCACertificates([...getCACertificates("default"), readFileSync(authority, "utf8")]);
  const cluster = await addCluster({ coffer });
  await coffer.ask("POST", cluster.secrets, { key: "KEY", value: "over TLS" });
  const variables = jobVariables(coffer, await addJob({ coffer }, cluster));

  await suite.check("over TLS: the agent trusts the server's own authority", async () => {
    const ended = await secretGet(agent, { ...variables, SSL_CERT_FILE: authority }, "KEY");
    assert.deepEqual(
      { code: ended.code, stdout: ended.stdout },
      { code: 0, stdout: "over TLS\n" },
      ended.stderr,
    );
  });
  await suite.check("over TLS: without it the agent refuses the server", async () => {
    const ended = await secretGet(agent, variables, "KEY");
    assert.deepEqual({ code: ended.code, stdout: ended.stdout }, { code: 1, stdout: "" });
    assert.match(ended.stderr, /certificate signed by unknown authority/);
  });
  await coffer.stop();
}
