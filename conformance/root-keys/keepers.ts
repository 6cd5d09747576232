// The real thing behind each root-key provider: moto's KMS, OpenBao's transit engine, a SoftHSM token. Each can
// be away for a while, and holds its keys meanwhile.
import { renameSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import type { ProviderKind } from "../../src/crypto/roots/provider.ts";
import { have, whyMissing } from "../../test/support/requirements.ts";
import { makeToken } from "../../test/support/softhsm.ts";
import { startMoto } from "../support/moto.ts";
import { startOpenBao } from "../support/openbao.ts";
import { temporaryFolder } from "../support/processes.ts";
import type { Suite } from "../support/suite.ts";
import { privateFile } from "./files.ts";
import { installPkcs11js } from "./pkcs11.ts";

export interface Keeper {
  readonly kind: ProviderKind;
  /** With the release that was tried. */
  readonly name: string;
  /** What COFFER_ROOT_PROVIDER says. */
  readonly settings: string;
  /** What its client must find in its environment. */
  readonly env: Readonly<Record<string, string>>;
  leave(): Promise<void>;
  back(): Promise<void>;
  stop(): Promise<void>;
}

/** With a second key, which must open nothing of the first. */
export interface Kms extends Keeper {
  readonly otherKey: string;
}

export interface Transit extends Keeper {
  readonly tokenFile: string;
  /** A new version of the key; records of the older ones open no more after `forgetOlder`. */
  rotate(): Promise<void>;
  forgetOlder(): Promise<void>;
}

export interface Token extends Keeper {
  readonly pin: string;
  readonly pinFile: string;
  logins(): number;
}

const region = "eu-central-1";

export async function openKms(): Promise<Kms> {
  const moto = await startMoto();
  const gate = await openGate(moto.url);
  const makeKey = async () => {
    const answer = await fetch(moto.url, {
      method: "POST",
      headers: {
        "x-amz-target": "TrentService.CreateKey",
        "content-type": "application/x-amz-json-1.1",
        authorization: `AWS4-HMAC-SHA256 Credential=moto/20261121/${region}/kms/aws4_request, SignedHeaders=host, Signature=0`,
      },
      body: "{}",
    });
    const { KeyMetadata } = (await answer.json()) as { KeyMetadata: { KeyId: string } };
    return KeyMetadata.KeyId;
  };
  const [key, otherKey] = [await makeKey(), await makeKey()];
  return {
    kind: "aws-kms",
    name: `AWS KMS (moto ${moto.version})`,
    settings: `kind=aws-kms,key=${key},region=${region},endpoint=${gate.url}`,
    env: moto.credentials,
    otherKey,
    leave: gate.shut,
    back: gate.open,
    async stop() {
      await gate.shut();
      await moto.stop();
    },
  };
}

export async function openTransit(): Promise<Transit> {
  const bao = await startOpenBao();
  await bao.ask("POST", "sys/mounts/transit", { type: "transit" });
  await bao.ask("POST", "transit/keys/root", { type: "aes256-gcm96" });
  // As docs/guide/root-keys.md has it: two paths, and nothing else.
  const rules = ["encrypt", "decrypt"].map(
    (work) => `path "transit/${work}/root" { capabilities = ["update"] }`,
  );
  await bao.ask("PUT", "sys/policies/acl/coffer", { policy: rules.join("\n") });
  const { auth } = await bao.ask("POST", "auth/token/create", {
    policies: ["coffer"],
    no_default_policy: true,
  });
  const tokenFile = privateFile(join(temporaryFolder(), "token"), `${auth.client_token}\n`);
  return {
    kind: "vault-transit",
    name: `transit (OpenBao ${bao.version})`,
    settings: `kind=vault-transit,address=${bao.url},key=root,tokenFile=${tokenFile}`,
    env: {},
    tokenFile,
    rotate: () => bao.ask("POST", "transit/keys/root/rotate"),
    forgetOlder: () => bao.ask("POST", "transit/keys/root/config", { min_decryption_version: 2 }),
    leave: bao.seal,
    back: bao.unseal,
    stop: bao.stop,
  };
}

/** Null where this machine lacks what it takes, which the suite then says. */
export async function openToken(suite: Suite): Promise<Token | null> {
  await installPkcs11js();
  if (!have("softhsm")) {
    suite.notRun("a PKCS #11 token", whyMissing("softhsm") ?? "");
    return null;
  }
  const token = makeToken();
  const pinFile = privateFile(join(token.folder, "pin"), `${token.pin}\n`);
  const [tokens, away] = [join(token.folder, "tokens"), join(token.folder, "away")];
  return {
    kind: "pkcs11",
    name: "PKCS #11 (SoftHSM 2.6.1)",
    settings: `kind=pkcs11,module=${token.module},tokenLabel=${token.label},key=${token.key},pinFile=${pinFile}`,
    env: token.env,
    pin: token.pin,
    pinFile,
    logins: () => token.calls("C_Login"),
    leave: async () => renameSync(tokens, away),
    back: async () => renameSync(away, tokens),
    stop: async () => token.remove(),
  };
}

/** A way to a server that can be shut without ending the server. */
async function openGate(to: string) {
  const { hostname, port } = new URL(to);
  const sockets = new Set<Socket>();
  const listen = (at: number) => {
    const server = createServer((socket) => {
      const onward = connect(Number(port), hostname);
      for (const one of [socket, onward]) {
        sockets.add(one);
        one.on("error", () => {}); // either side may break off
        one.on("close", () => sockets.delete(one));
      }
      socket.pipe(onward).pipe(socket);
    });
    return new Promise<typeof server>((ready) => server.listen(at, "127.0.0.1", () => ready(server)));
  };
  let server = await listen(0);
  const address = server.address();
  const own = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${own}`,
    async shut() {
      if (!server.listening) return;
      const closed = new Promise((done) => server.close(done));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    async open() {
      server = await listen(own);
    },
  };
}
