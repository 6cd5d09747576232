// Whether the next start would find the root keys that the stored keys stand on. Looks where the start
// would, but asks nobody: of a passphrase that is typed, and of what a provider keeps, the record's ids count.
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { CofferError } from "../../core/errors.ts";
import { rootKeysOfVariable, rootKeyVariable } from "../../crypto/roots/env.ts";
import { readRootKeyFile } from "../../crypto/roots/file.ts";
import { badRootKeys } from "../../crypto/roots/keys.ts";
import {
  idsOfRecord,
  parsePassphrases,
  readPassphraseRecord,
  rootKeysOfRecord,
} from "../../crypto/roots/passphrase.ts";
import { parseRootRecord, readRootRecord } from "../../crypto/roots/record.ts";
import type { Config } from "../config.ts";
import { passphraseRecordPath, passphrasesIn, rootKeyPath } from "../keys.ts";
import { rootRecordPath } from "../provider-keys.ts";
import type { Finding } from "./finding.ts";
import { quoted } from "./words.ts";

export interface RootKeyFacts {
  /** Files and the variable, as far as the configuration has the start look there. */
  readonly places: readonly string[];
  /** Stored keys stand on these, and none of the places has them. */
  readonly lacking: readonly string[];
  /** Why a place cannot be used; a start breaks off at the first. */
  readonly unusable: readonly string[];
  /** The data folder of another user's, whose key root does not judge: it has to be that user's own. */
  readonly othersData: string | null;
}

export async function rootKeysOf(config: Config, needed: readonly string[]): Promise<RootKeyFacts> {
  const owner = await ownerOf(config.data);
  if (process.geteuid?.() === 0 && owner !== null && owner !== 0)
    return { places: [], lacking: [], unusable: [], othersData: resolve(config.data) };
  const places = placesOf(config);
  const held = new Set<string>();
  const unusable: string[] = [];
  for (const { ids } of places) {
    try {
      for (const id of await ids()) held.add(id);
    } catch (error) {
      if (!(error instanceof CofferError)) throw error;
      unusable.push(error.message);
    }
  }
  const lacking = needed.filter((id) => !held.has(id));
  return { places: places.map(({ name }) => name), lacking, unusable, othersData: null };
}

async function ownerOf(path: string): Promise<number | null> {
  return stat(path).then(
    ({ uid }) => uid,
    () => null,
  );
}

interface Place {
  readonly name: string;
  ids(): Promise<readonly string[]>;
}

function placesOf(config: Config): Place[] {
  const { rootKeyText, rootPassphrase } = config;
  const places: Place[] = [];
  const kinds = [config.rootProvider, config.olderRootProvider].flatMap((it) => it?.settings.kind ?? []);
  if (kinds.length > 0) {
    const record = resolve(rootRecordPath(config));
    places.push({ name: record, ids: () => providedIds(record, kinds) });
  }
  if (rootPassphrase !== null) {
    const record = resolve(passphraseRecordPath(config));
    places.push({ name: record, ids: () => passphraseIds(record, rootPassphrase) });
  }
  const file = resolve(rootKeyPath(config));
  places.push(
    rootKeyText === null
      ? { name: file, ids: async () => idsOf(await readRootKeyFile(file)) }
      : { name: rootKeyVariable, ids: async () => idsOf(rootKeysOfVariable(rootKeyText)) },
  );
  return places;
}

async function providedIds(path: string, kinds: readonly string[]): Promise<readonly string[]> {
  const text = await readRootRecord(path);
  if (text === null) throw badRootKeys(`there is no record ${path}`);
  return parseRootRecord(text).flatMap(({ id, provider }) => (kinds.includes(provider) ? [id] : []));
}

async function passphraseIds(
  path: string,
  from: NonNullable<Config["rootPassphrase"]>,
): Promise<readonly string[]> {
  const text = await readPassphraseRecord(path);
  if (text === null) return [];
  if ("ask" in from) return idsOfRecord(text);
  const given = "file" in from ? await passphrasesIn(from.file) : parsePassphrases(from.text);
  return idsOf(await rootKeysOfRecord(text, given));
}

function idsOf(roots: { readonly all: readonly { readonly id: string }[] } | null): readonly string[] {
  return roots === null ? [] : roots.all.map(({ id }) => id);
}

const means = "The next start is sealed: it serves nobody, and no value can be read, until that is mended.";
const look = "coffer config check     # where the server looks; with its user, file and environment";

export function rootKeyFindings(facts: RootKeyFacts): readonly Finding[] {
  const { places, lacking, unusable, othersData } = facts;
  if (othersData !== null) return [unseen(othersData)];
  const where = places.join(", ");
  return [
    ...unusable.map(
      (found): Finding => ({
        check: "root-key",
        severity: "error",
        found,
        means,
        cure: [look, "Mend it as it says, or put your copy there; move what is there aside with mv -n."],
      }),
    ),
    ...lacking.map(
      (id): Finding => ({
        check: "root-key",
        severity: "error",
        found: `Stored keys need the root key ${id}, which was not found: ${where}.`,
        means,
        cure: [
          look,
          "Put your copy of it there; move what is there aside with mv -n, for it may open something else.",
        ],
      }),
    ),
  ];
}

function unseen(data: string): Finding {
  return {
    check: "root-key",
    severity: "note",
    found: "You are root, and the server is another user: the root key was not looked at.",
    means: "Whether the next start could use it shows to the server's own user alone.",
    cure: [
      `runuser -u "$(stat -c %U ${quoted(data)})" -- coffer doctor     # with the options that you gave`,
    ],
  };
}
