// Where the root key comes from: a provider outside of this machine, a passphrase, the environment, a
// named file, or `root.key` beside the data. Several at once are for the time in which one takes the
// place of another.
import { hash } from "node:crypto";
import { join } from "node:path";
import { CofferError } from "../core/errors.ts";
import { rootKeysOfVariable } from "../crypto/roots/env.ts";
import { createRootKeyFile, readRootKeyFile } from "../crypto/roots/file.ts";
import {
  formatRootKeyFile,
  newRootKey,
  type RootKeys,
  rootKeyFileWithout,
  rootKeys,
} from "../crypto/roots/keys.ts";
import {
  createPassphraseRecord,
  isRecord,
  newRecord,
  parsePassphrases,
  readPassphraseFile,
  readPassphraseRecord,
  recordWithout,
  rootKeysOfRecord,
} from "../crypto/roots/passphrase.ts";
import { createPrivateFile } from "../crypto/roots/private-file.ts";
import { isRootRecord, rootRecordWithout } from "../crypto/roots/record.ts";
import { type Config, ConfigError } from "./config.ts";
import { providerSource } from "./provider-keys.ts";

/** Asks the person at the terminal; twice where nothing tells yet that it is the right one. */
export type AskPassphrase = (times: "once" | "twice") => Promise<string>;

/** The root keys of one process, from its start on. */
export interface RootSource {
  /** Null where there is none. The provider's key wraps where there is one, else the passphrase's. */
  find(): Promise<RootKeys | null>;
  /** Why `find` left out this key of a provider; null where nothing went wrong with it. */
  whyNot(rootKeyId: string | null): CofferError | null;
  /** Only for the very first start: a root key is never made beside an existing database. */
  findOrMake(): Promise<RootKeys>;
  /** Files are read again; what was asked for or stands in a variable is as it was. */
  reread(): Promise<RootKeys>;
}

export function rootSource(config: Config, ask: AskPassphrase): RootSource {
  /** What came out of a record and its passphrases: to derive a key anew each time would cost too much. */
  let derived: { readonly from: string; readonly roots: RootKeys } | null = null;
  let asked: readonly string[] | null = null;
  const provided = providerSource(config);

  async function passphrases(times: "once" | "twice"): Promise<readonly string[]> {
    const from = config.rootPassphrase;
    if (from === null) return [];
    if ("file" in from) return readPassphraseFile(from.file);
    asked ??= parsePassphrases("text" in from ? from.text : await ask(times));
    return asked;
  }

  async function fromPassphrase(): Promise<RootKeys | null> {
    const record = await readPassphraseRecord(passphraseRecordPath(config));
    if (record === null) return null;
    const given = await passphrases("once");
    const from = hash("sha256", JSON.stringify([record, given]), "hex");
    if (derived?.from !== from) derived = { from, roots: await rootKeysOfRecord(record, given) };
    return derived.roots;
  }

  async function find(): Promise<RootKeys | null> {
    const kept = await provided.find();
    const own = await findHere();
    if (kept === null) return own;
    const active = kept.active ?? own?.active ?? null;
    if (active === null) return null;
    const all = own?.all.filter(({ id }) => kept.all.every((key) => key.id !== id)) ?? [];
    return rootKeys([...kept.all, ...all], active);
  }

  async function findHere(): Promise<RootKeys | null> {
    const plain =
      config.rootKeyText === null
        ? await readRootKeyFile(rootKeyPath(config))
        : rootKeysOfVariable(config.rootKeyText);
    const made = config.rootPassphrase === null ? null : await fromPassphrase();
    if (made === null || plain === null) return made ?? plain;
    return rootKeys([...made.all, ...plain.all.filter(({ id }) => made.find(id) === null)], made.active);
  }

  return {
    find,
    whyNot: provided.whyNot,
    async findOrMake() {
      if (config.rootProvider !== null) {
        await provided.makeRecord();
        const found = await find();
        if (found !== null) return found;
      }
      if (config.rootPassphrase === null) return (await find()) ?? createRootKeyFile(rootKeyPath(config));
      const given = await passphrases("twice");
      const found = await fromPassphrase();
      return found ?? createPassphraseRecord(passphraseRecordPath(config), given[0] ?? "");
    },
    async reread() {
      try {
        const found = await find();
        if (found !== null) return found;
      } catch (error) {
        if (!(error instanceof CofferError)) throw error;
        throw new CofferError("key.unreadable", error.message, {}, { cause: error });
      }
      throw new CofferError("key.unreadable", "The root keys are not where the server found them.");
    },
  };
}

/** For `coffer key new`; the server takes them in by its configuration. */
export const passphrasesIn = readPassphraseFile;

/** Where no terminal is. */
export const askNobody: AskPassphrase = async () => {
  throw new ConfigError("There is nobody to ask for the passphrase here.");
};

export function rootKeyPath(config: Config): string {
  return config.rootKeyFile ?? join(config.data, "root.key");
}

export function passphraseRecordPath(config: Config): string {
  return config.rootPassphraseRecord ?? join(config.data, "root.passphrase");
}

/** Where `coffer key new` and those beside it put what they made; nothing that is there is replaced. */
export const keepRootFile = createPrivateFile;

/** What `coffer key new` makes. */
export function newRootKeyFile(): string {
  return formatRootKeyFile(newRootKey());
}

/** The same with the keys of the file that it is to take the place of; they unwrap from then on. */
export async function rootKeyFileAfter(path: string): Promise<string> {
  const older = await readRootKeyFile(path);
  if (older === null) throw new ConfigError(`There is no root key file ${path}.`);
  return formatRootKeyFile(newRootKey(), older.all);
}

/** A key file or a record without one of its keys, which may not be the active one. */
export async function withoutRootKey(path: string, id: string): Promise<string> {
  const text = await readPassphraseRecord(path);
  if (text === null) throw new ConfigError(`There is no root key file or record ${path}.`);
  if (isRootRecord(text)) return rootRecordWithout(text, id);
  return isRecord(text) ? recordWithout(text, id) : rootKeyFileWithout(text, id);
}

/** A record for a passphrase, with what an older record says of older keys. */
export async function passphraseRecordAfter(
  older: string | null,
  passphrases: readonly string[],
): Promise<string> {
  const before = older === null ? null : await readPassphraseRecord(older);
  if (older !== null && before === null) throw new ConfigError(`There is no passphrase record ${older}.`);
  return (await newRecord(passphrases[0] ?? "", before)).text;
}
