// One task on a token: open it, log in, find the key, wrap or unwrap one root key. It knows neither the
// process it runs in nor where the PIN comes from. Keeps: a PIN is shown to the token a second time only
// after the token took it once, because tokens lock; a key that could be read is not used.
import { hash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Pkcs11Algorithm } from "../provider.ts";
import { type Attribute, type Cryptoki, ck, cka, ckr, codeOf, type Handle } from "./cryptoki.ts";

export interface TokenPlace {
  readonly tokenLabel: string | null;
  readonly tokenSerial: string | null;
  readonly key: string;
}

export type Task =
  | {
      readonly work: "wrap";
      readonly algorithm: Pkcs11Algorithm;
      readonly plain: Buffer;
      readonly context: Buffer;
    }
  | {
      readonly work: "unwrap";
      readonly algorithm: Pkcs11Algorithm;
      readonly blob: Buffer;
      readonly context: Buffer;
    };

export interface TaskDone {
  readonly bytes: Buffer;
  readonly serial: string;
}

/** `pin`: it could not be logged in. All others say what was not there, or what the token could not do. */
export type TokenTrouble = "no-token" | "pin" | "no-key" | "key-unusable" | "damaged" | "device";

export class TokenError extends Error {
  override readonly name = "TokenError";
  readonly trouble: TokenTrouble;
  /** What the token said, as the number that PKCS #11 has for it. */
  readonly code: number | null;

  constructor(trouble: TokenTrouble, cause?: unknown) {
    super(trouble, { cause });
    this.trouble = trouble;
    this.code = codeOf(cause);
  }
}

interface Session {
  readonly cryptoki: Cryptoki;
  readonly handle: Handle;
  readonly key: Handle;
  readonly serial: string;
}

/** Where the PIN is: told because a module may never come back from being shown it. */
export type PinMoment = "shown" | "taken";

export interface Opening {
  readonly place: TokenPlace;
  readonly pin: string;
  readonly tell: (moment: PinMoment) => void;
}

/** The module is loaded already, and nobody else in this process uses it. */
export function onToken(cryptoki: Cryptoki, opening: Opening, task: Task): TaskDone {
  const once = () => inSession(cryptoki, opening, (session) => done(session, task));
  try {
    return once();
  } catch (error) {
    // The PIN was right, or was not shown yet: what is lost, or not seen, is opened anew, one time.
    const missing = error instanceof TokenError ? error.trouble === "no-token" : lost.has(codeOf(error) ?? 0);
    if (missing) return told(once);
    throw troubleOf(error);
  }
}

function told<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw troubleOf(error);
  }
}

const lost: ReadonlySet<number> = new Set([
  ckr.deviceError,
  ckr.deviceRemoved,
  ckr.keyHandleInvalid,
  ckr.objectHandleInvalid,
  ckr.sessionClosed,
  ckr.sessionHandleInvalid,
  ckr.tokenNotPresent,
  ckr.userNotLoggedIn,
]);

/** Whatever else a token says is no verdict about a key. */
function troubleOf(error: unknown): unknown {
  return error instanceof TokenError || codeOf(error) === null ? error : new TokenError("device", error);
}

function inSession<T>(cryptoki: Cryptoki, opening: Opening, work: (session: Session) => T): T {
  const { place } = opening;
  cryptoki.C_Initialize();
  try {
    const { slot, serial } = findToken(cryptoki, place);
    const handle = cryptoki.C_OpenSession(slot, ck.sessionFlags);
    logIn(cryptoki, handle, opening);
    const key = findKey(cryptoki, handle, place.key);
    return work({ cryptoki, handle, key, serial });
  } finally {
    // Ends sessions and logins too; what ends badly has nothing left to lose.
    quietly(() => cryptoki.C_Finalize());
  }
}

/** By label or serial number: the number of a slot is another one after each initialisation. */
function findToken(cryptoki: Cryptoki, { tokenLabel, tokenSerial }: TokenPlace) {
  const found: { slot: Handle; serial: string }[] = [];
  for (const slot of cryptoki.C_GetSlotList(true)) {
    const info = cryptoki.C_GetTokenInfo(slot);
    const serial = unpadded(info.serialNumber);
    if (tokenLabel !== null && unpadded(info.label) !== tokenLabel) continue;
    if (tokenSerial === null || serial === tokenSerial) found.push({ slot, serial });
  }
  const [only] = found;
  if (only === undefined || found.length > 1) throw new TokenError("no-token");
  return only;
}

function unpadded(text: string): string {
  return text.replace(/[ \0]+$/, "");
}

function logIn(cryptoki: Cryptoki, session: Handle, { pin, tell }: Opening): void {
  tell("shown");
  try {
    cryptoki.C_Login(session, ck.userNormal, pin);
  } catch (error) {
    // Whatever else it was, the token may have counted it: nothing tries again.
    if (codeOf(error) !== ckr.userAlreadyLoggedIn) throw new TokenError("pin", error);
  }
  tell("taken");
}

function findKey(cryptoki: Cryptoki, session: Handle, label: string): Handle {
  cryptoki.C_FindObjectsInit(session, [
    { type: cka.class, value: ck.classSecretKey },
    { type: cka.keyType, value: ck.keyAes },
    { type: cka.label, value: label },
  ]);
  const found = cryptoki.C_FindObjects(session, 2);
  cryptoki.C_FindObjectsFinal(session);
  const [only] = found;
  if (only === undefined || found.length > 1) throw new TokenError("no-key");
  const [sensitive, length] = cryptoki.C_GetAttributeValue(session, only, [
    { type: cka.sensitive },
    { type: cka.valueLength },
  ]);
  const bytes = length?.value.length === 8 ? Number(length.value.readBigUInt64LE()) : length?.value[0];
  if (sensitive?.value[0] !== 1 || bytes !== 32) throw new TokenError("key-unusable");
  return only;
}

function done(session: Session, task: Task): TaskDone {
  const { serial } = session;
  const gcm = task.algorithm === "aes-gcm";
  if (task.work === "wrap") return { serial, bytes: (gcm ? wrapGcm : wrapPad)(session, task) };
  return { serial, bytes: (gcm ? unwrapGcm : unwrapPad)(session, task) };
}

type WrapTask = Extract<Task, { work: "wrap" }>;
type UnwrapTask = Extract<Task, { work: "unwrap" }>;

const ivBytes = 12;
const tagBytes = 16;

const gcmOf = (iv: Buffer, aad: Buffer) => ({
  mechanism: ck.aesGcm,
  parameter: { type: ck.paramsAesGcm, iv, aad, ivBits: 8 * ivBytes, tagBits: 8 * tagBytes },
});

function wrapGcm({ cryptoki, handle, key }: Session, { plain, context }: WrapTask): Buffer {
  const iv = randomBytes(ivBytes);
  cryptoki.C_EncryptInit(handle, gcmOf(iv, context), key);
  const sealed = cryptoki.C_Encrypt(handle, plain, Buffer.alloc(plain.length + tagBytes));
  return Buffer.concat([iv, sealed]);
}

function unwrapGcm({ cryptoki, handle, key }: Session, { blob, context }: UnwrapTask): Buffer {
  if (blob.length <= ivBytes + tagBytes) throw new TokenError("damaged");
  cryptoki.C_DecryptInit(handle, gcmOf(blob.subarray(0, ivBytes), context), key);
  const sealed = blob.subarray(ivBytes);
  return intact(() => cryptoki.C_Decrypt(handle, sealed, Buffer.alloc(sealed.length)));
}

const padded = { mechanism: ck.aesKeyWrapPad };
const digestOf = (context: Buffer) => hash("sha256", context, "buffer");

/** There is no place for a context in it, so its digest is wrapped along. */
function wrapPad({ cryptoki, handle, key }: Session, { plain, context }: WrapTask): Buffer {
  const both = Buffer.concat([plain, digestOf(context)]);
  const made = cryptoki.C_CreateObject(handle, [...readable, { type: cka.value, value: both }]);
  both.fill(0);
  const wrapped = cryptoki.C_WrapKey(handle, padded, key, made, Buffer.alloc(both.length + tagBytes));
  quietly(() => cryptoki.C_DestroyObject(handle, made));
  return wrapped;
}

function unwrapPad({ cryptoki, handle, key }: Session, { blob, context }: UnwrapTask): Buffer {
  const object = intact(() => cryptoki.C_UnwrapKey(handle, padded, key, blob, readable));
  const [attribute] = cryptoki.C_GetAttributeValue(handle, object, [{ type: cka.value }]);
  quietly(() => cryptoki.C_DestroyObject(handle, object));
  const both = attribute?.value ?? Buffer.alloc(0);
  const digest = digestOf(context);
  const at = both.length - digest.length;
  if (at <= 0 || !timingSafeEqual(both.subarray(at), digest)) {
    both.fill(0);
    throw new TokenError("damaged");
  }
  return both.subarray(0, at);
}

/** The root key on its way in or out: for this session alone. */
const readable: readonly Attribute[] = [
  { type: cka.class, value: ck.classSecretKey },
  { type: cka.keyType, value: ck.keyGenericSecret },
  { type: cka.token, value: false },
  { type: cka.private, value: true },
  { type: cka.sensitive, value: false },
  { type: cka.extractable, value: true },
];

/** Tokens differ in what they say of a tag that does not fit. */
const notIntact: ReadonlySet<number> = new Set([
  ckr.generalError,
  ckr.encryptedDataInvalid,
  ckr.encryptedDataLengthRange,
  ckr.wrappedKeyInvalid,
  ckr.wrappedKeyLengthRange,
]);

function intact<T>(open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (notIntact.has(codeOf(error) ?? 0)) throw new TokenError("damaged", error);
    throw error;
  }
}

function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // It ends with the session.
  }
}
