// The root keys that providers outside of this machine keep. Keeps: a line of the record is unwrapped once
// in the life of the process, so that a provider that is away holds up a start, or the coming of a new
// key, and nothing else; a record is made at the very first start alone, or by a person.
import { join } from "node:path";
import { CofferError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import { badRootKeys, type RootKey } from "../crypto/roots/keys.ts";
import { openRootProvider } from "../crypto/roots/open.ts";
import { createPrivateFile, readPrivateFile } from "../crypto/roots/private-file.ts";
import type { RootProvider } from "../crypto/roots/provider.ts";
import {
  newRootRecord,
  openLine,
  parseRootRecord,
  type RecordLine,
  readRootRecord,
  rewrappedRecord,
} from "../crypto/roots/record.ts";
import { type Config, ConfigError } from "./config.ts";
import type { RootProviderConfig } from "./root-provider.ts";

export interface ProvidedKeys {
  /** Null where the configured provider is one that gives way to another place. */
  readonly active: RootKey | null;
  readonly all: readonly RootKey[];
}

export interface ProviderSource {
  /** Null where no provider is configured. The active key must be among what opens. */
  find(): Promise<ProvidedKeys | null>;
  whyNot(rootKeyId: string | null): CofferError | null;
  /** Nothing is done where there is a record. */
  makeRecord(): Promise<void>;
}

export function rootRecordPath(config: Config): string {
  return config.rootRecord ?? join(config.data, "root.record");
}

export function providerSource(config: Config): ProviderSource {
  const { rootProvider, olderRootProvider } = config;
  const configured = [rootProvider, olderRootProvider].filter((one) => one !== null);
  const path = rootRecordPath(config);
  let providers: Promise<readonly RootProvider[]> | null = null;
  const opened = new Map<string, RootKey>();
  const closed = new Map<string, CofferError>();

  function open(): Promise<readonly RootProvider[]> {
    providers ??= Promise.all(configured.map(openProvider));
    return providers;
  }

  async function keyOf(line: RecordLine): Promise<RootKey | null> {
    const known = opened.get(line.id);
    if (known !== undefined) return known;
    try {
      const key = await openLine(await open(), line);
      opened.set(line.id, key);
      closed.delete(line.id);
      return key;
    } catch (error) {
      if (!(error instanceof CofferError)) throw error;
      closed.set(line.id, error);
      return null;
    }
  }

  return {
    async find() {
      if (configured.length === 0) return null;
      const text = await readRootRecord(path);
      if (text === null) {
        throw badRootKeys(`there is no record ${path}; "coffer key new --provider" makes one`);
      }
      const all: RootKey[] = [];
      let active: RootKey | null = null;
      for (const line of parseRootRecord(text)) {
        const key = await keyOf(line);
        if (key !== null) all.push(key);
        if (!line.active || rootProvider === null) continue;
        if (key === null) throw closed.get(line.id) ?? badRootKeys(`${line.id} does not open`);
        active = key;
      }
      return { active, all };
    },
    whyNot: (rootKeyId) => (rootKeyId === null ? null : (closed.get(rootKeyId) ?? null)),
    async makeRecord() {
      if ((await readRootRecord(path)) !== null) return;
      const [provider] = await open();
      if (provider === undefined) return;
      const { text, key } = await newRootRecord(provider);
      await createPrivateFile(path, text);
      opened.set(key.id, key);
    },
  };
}

function openProvider({ settings, credential }: RootProviderConfig): Promise<RootProvider> {
  return openRootProvider(settings, async () => {
    if (credential === null) return "";
    return "text" in credential ? credential.text : readCredential(credential.file);
  });
}

/** One line, in a file that is its owner's alone; read each time, because tokens are renewed. */
async function readCredential(path: string): Promise<string> {
  const bytes = await readPrivateFile(path, limits.passphraseBytesMax);
  if (bytes === null) throw badRootKeys(`there is no file ${path}`);
  const text = bytes.toString("utf8").replace(/\n$/, "");
  bytes.fill(0);
  if (!/^[^\p{Cc}\ufffd]+$/u.test(text)) throw badRootKeys(`${path} must hold one line of text`);
  return text;
}

/** What `coffer key new --provider` makes. */
export async function recordAfter(config: Config, older: string | null): Promise<string> {
  const before = older === null ? null : await readRootRecord(older);
  if (older !== null && before === null) throw new ConfigError(`There is no record ${older}.`);
  return (await newRootRecord(await activeProvider(config), before)).text;
}

/** What `coffer key refresh` makes: the same root keys, wrapped by the newest version of the provider's key. */
export async function recordRefreshed(config: Config, path: string): Promise<string> {
  const text = await readRootRecord(path);
  if (text === null) throw new ConfigError(`There is no record ${path}.`);
  return rewrappedRecord(await activeProvider(config), text);
}

async function activeProvider({ rootProvider }: Config): Promise<RootProvider> {
  if (rootProvider !== null) return openProvider(rootProvider);
  throw new ConfigError("No root-key provider is configured: rootKey.provider, or --root-provider.");
}
