// Every bound of the core in one place, each with its reason. Units stand last in the names.

export const limits = {
  /** A person's name for a secret; 500 is Bitwarden's bound, the widest of the dialects. */
  secretNameCharactersMax: 500,
  /** What AWS, Google and Cloudflare hold too: a value moves between backends without surprise. */
  valueBytesMax: 65_536,
  descriptionCharactersMax: 65_535,
  policyBytesMax: 65_536,
  consumersMax: 64,
  consumerCharactersMax: 255,
  /** Kubernetes: a label's value, and the name part of its key. */
  labelCharactersMax: 63,
  labelPrefixCharactersMax: 253,
  labelsMax: 64,
  /** Kubernetes counts keys and values of all annotations together. */
  annotationsBytesMax: 262_144,
  attributesBytesMax: 16_384,
  storeNameCharactersMax: 255,
  /** A slug is a DNS label, so that it can be a Kubernetes namespace. */
  slugCharactersMax: 63,
  organizationNameCharactersMax: 255,
  searchCharactersMax: 500,
  labelSelectorsMax: 20,
  /** Client custody: EncStrings of Bitwarden, in characters as the official server bounds them. */
  clientNameCharactersMax: 1_000,
  clientDescriptionCharactersMax: 10_000,
  clientValueCharactersMax: 35_000,

  versionsKept: 100,
  trashKeptMs: 30 * 24 * 60 * 60 * 1000,
  /** How long the place of a purged secret in a list stays known, for cursors that name it. */
  tombstoneKeptMs: 24 * 60 * 60 * 1000,

  pageDefault: 100,
  nativePageMax: 1_000,
  pageMax: 10_000,
  batchMax: 10_000,
  /** All values of one answer together: it is built in memory. */
  batchAnswerBytesMax: 64 * 1024 * 1024,
  cursorCharactersMax: 8_192,

  /** Older changes are forgotten; a reader who asks for them starts over. */
  changesKept: 100_000,
  changesPageMax: 1_000,
  feedWaitSecondsMax: 60,
  feedWaitersMax: 10_000,

  /** Past this a request is answered 503 although its commit may still come. */
  commitWaitMs: 10_000,
  writerQueueMax: 10_000,
  /** More in one commit delays the first of the group for little gain. */
  writerGroupMax: 512,
  scanQueueMax: 1_000,
  scanSecondsMax: 5,
  /** How often a request is decided again because access moved under it. */
  redecideMax: 5,
  lastReadEveryMs: 60_000,

  /** One key seals at most this often: a quarter of what NIST allows random 96-bit nonces. */
  sealsPerTermMax: 2 ** 30,
  /** Seals reserved durably at a time: a crash forgets at most this many. */
  sealsPerBlock: 65_536,

  /** Keys for the server's own use: an RSA key of 8,192 bits would still fit. */
  internalKeyBytesMax: 8_192,
  /** Organizations whose keys lie open in memory; past this the longest known is let go. */
  organizationKeysCachedMax: 10_000,
  /** A root key file holds a few lines; more is another file by mistake. */
  rootKeyFileBytesMax: 16_384,
  rootKeysMax: 64,

  headEveryMs: 1_000,
  headEveryEntries: 1_000,

  tokenLifeMs: 30 * 24 * 60 * 60 * 1000,
  /** Rows kept in memory for reveals; each is checked against the tables when its audit commits. */
  revealCacheBytesMax: 12 * 1024 * 1024,
  accessCacheEntriesMax: 10_000,
} as const;
