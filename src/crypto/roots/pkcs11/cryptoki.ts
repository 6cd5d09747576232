// What is used of the package pkcs11js. It is compiled where it is installed, so it is no dependency of
// the build: this is all that Coffer relies on.

export type Handle = Buffer;

export interface Attribute {
  readonly type: number;
  readonly value?: number | boolean | string | Buffer;
}

export interface Mechanism {
  readonly mechanism: number;
  readonly parameter?: {
    readonly type: number;
    readonly iv: Buffer;
    readonly aad: Buffer;
    readonly ivBits: number;
    readonly tagBits: number;
  };
}

/** One loaded module of a vendor. Calls block, and throw errors with the code of PKCS #11. */
export interface Cryptoki {
  load(path: string): void;
  C_Initialize(): void;
  C_Finalize(): void;
  C_GetSlotList(tokenPresent: boolean): readonly Handle[];
  C_GetTokenInfo(slot: Handle): { readonly label: string; readonly serialNumber: string };
  C_OpenSession(slot: Handle, flags: number): Handle;
  C_CloseSession(session: Handle): void;
  C_Login(session: Handle, user: number, pin: string): void;
  C_FindObjectsInit(session: Handle, template: readonly Attribute[]): void;
  C_FindObjects(session: Handle, most: number): readonly Handle[];
  C_FindObjectsFinal(session: Handle): void;
  C_GetAttributeValue(
    session: Handle,
    object: Handle,
    template: readonly Attribute[],
  ): readonly { readonly value: Buffer }[];
  C_CreateObject(session: Handle, template: readonly Attribute[]): Handle;
  C_DestroyObject(session: Handle, object: Handle): void;
  C_EncryptInit(session: Handle, mechanism: Mechanism, key: Handle): void;
  C_Encrypt(session: Handle, plain: Buffer, into: Buffer): Buffer;
  C_DecryptInit(session: Handle, mechanism: Mechanism, key: Handle): void;
  C_Decrypt(session: Handle, sealed: Buffer, into: Buffer): Buffer;
  C_WrapKey(session: Handle, mechanism: Mechanism, by: Handle, key: Handle, into: Buffer): Buffer;
  C_UnwrapKey(
    session: Handle,
    mechanism: Mechanism,
    by: Handle,
    wrapped: Buffer,
    template: readonly Attribute[],
  ): Handle;
}

/** Numbers of PKCS #11 2.40 and 3.0; they are the same in every module. */
export const ck = {
  sessionFlags: 0x04, // serial; what is made in it lives as long as the session
  userNormal: 1,
  classSecretKey: 4,
  keyGenericSecret: 0x10,
  keyAes: 0x1f,
  aesGcm: 0x1087,
  aesKeyWrapPad: 0x210a,
  paramsAesGcm: 3, // the package's own number, not the standard's
} as const;

export const cka = {
  class: 0x00,
  token: 0x01,
  private: 0x02,
  label: 0x03,
  value: 0x11,
  keyType: 0x100,
  sensitive: 0x103,
  valueLength: 0x161,
  extractable: 0x162,
} as const;

/** The few that matter here. */
export const ckr = {
  generalError: 0x05,
  deviceError: 0x30,
  deviceRemoved: 0x32,
  encryptedDataInvalid: 0x40,
  encryptedDataLengthRange: 0x41,
  keyHandleInvalid: 0x60,
  objectHandleInvalid: 0x82,
  sessionClosed: 0xb0,
  sessionHandleInvalid: 0xb3,
  tokenNotPresent: 0xe0,
  userAlreadyLoggedIn: 0x100,
  userNotLoggedIn: 0x101,
  wrappedKeyInvalid: 0x110,
  wrappedKeyLengthRange: 0x112,
} as const;

/** Null where the error is none of the token's. */
export function codeOf(error: unknown): number | null {
  const code = error instanceof Error && "code" in error ? error.code : null;
  return typeof code === "number" && code !== 0 ? code : null;
}
