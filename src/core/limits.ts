// Every bound of the core in one place, each with its reason. Units stand last in the names.

export const limits = {
  /** A person's name for a secret; 500 is Bitwarden's bound, the widest of the dialects. */
  secretNameCharactersMax: 500,
  /** What AWS, Google and Cloudflare hold too: a value moves between backends without surprise. */
  valueBytesMax: 65_536,
  descriptionCharactersMax: 65_535,
  policyBytesMax: 65_536,
  policyRulesMax: 100,
  /** Of one claim of one rule. */
  policyConditionsMax: 100,
  /** A list of maps of lists is three deep; the rest is room for saying what is wrong with deeper ones. */
  policyDepthMax: 8,
  /** Brackets, dashes, texts, line ends; some thousand lines. Its parser takes 30 ms for the worst of so many. */
  yamlLexemesMax: 10_000,
  /** One text may have many, and each costs a little. A value of 24 KiB in the shortest lines has fewer. */
  yamlLinesMax: 32_768,
  /** Parsed policies in memory, by a generous estimate: twice the 10,000 of a store that has many. */
  policyCacheBytesMax: 32 * 1024 * 1024,
  /** A branch's name is the longest of a job's claims; git hosts end them at 255. */
  claimCharactersMax: 1_024,
  /** Teams of the person who started a build; in a foreign token each is held against each pattern. */
  claimValuesMax: 256,
  consumersMax: 64,
  /** Named by the operator; with a contract's own they still fit into one secret's consumers. */
  serviceNamesMax: 32,
  /** To which the operator may raise Buildkite's bound of values: the most that is documented anywhere. */
  valueKilobytesMax: 32,
  consumerCharactersMax: 255,
  /** Kubernetes: a label's value, and the name part of its key. */
  labelCharactersMax: 63,
  labelPrefixCharactersMax: 253,
  labelsMax: 64,
  /** Kubernetes counts keys and values of all annotations together. */
  annotationsBytesMax: 262_144,
  attributesBytesMax: 16_384,
  /** Small objects of a dialect beside its secrets; Kubernetes' longest name. */
  documentNameCharactersMax: 253,
  /** Annotations as long as those of a secret, and some room. */
  documentBytesMax: 294_912,
  documentsOfStoreMax: 1_000,
  /** A person's name for a store; Bitwarden's bound of a project's. */
  storeNameCharactersMax: 500,
  /** Made by one request; each writes a few rows. */
  storesBatchMax: 100,
  /** A slug is a DNS label, so that it can be a Kubernetes namespace. */
  slugCharactersMax: 63,
  organizationNameCharactersMax: 255,
  /** Of a group or a machine. */
  principalNameCharactersMax: 255,
  /** Lists and objects in each other in a JSON body. Contracts use some ten; whoever walks them may recurse. */
  bodyDepthMax: 64,
  searchCharactersMax: 500,
  labelSelectorsMax: 20,
  /** Of one selector, and consumers of which a list shows those that name any; each is a parameter. */
  selectorValuesMax: 1_000,
  /** Client custody: EncStrings of Bitwarden, in characters as the official server bounds them. */
  clientNameCharactersMax: 1_000,
  clientDescriptionCharactersMax: 10_000,
  clientValueCharactersMax: 35_000,

  /** Of a backend in the configuration: it is kept in each pointer. */
  backendNameCharactersMax: 63,
  backendsMax: 32,
  /** What a backend calls a place or a version; AWS has the longest with 512 characters. */
  remoteRefBytesMax: 2_048,
  /** Values of one request that are on their way to a backend at once: each is a socket. */
  remoteWritesMax: 8,
  /** Of one batch of reveals, as above. */
  remoteReadsMax: 16,
  /** A backend may not show for some seconds what it took; then a version this young is asked for again. */
  remoteYoungMs: 60_000,
  remoteRetries: 5,
  remoteRetryMs: 250,
  /** Values of a store that go to another backend in one request: some seconds where that is slow. */
  migratedRows: 64,
  /** Looked at by one step of the reconciler. */
  reconcileRows: 100,
  owedRetryMsMin: 30_000,
  owedRetryMsMax: 60 * 60_000,
  /** How long a replaced value stays in its backend: as long as backups of the database that name it. */
  remoteKeptMs: 30 * 24 * 60 * 60 * 1000,
  /** Of one backend, in one sweep; what is beyond it waits for the next. */
  sweepObjectsMax: 1_000_000,
  /** Orphans that are never too many: where little lies, a small share would be none at all. */
  sweepAlways: 10,
  /** After a backend could not be swept: each attempt writes there, AWS wants that once in ten minutes at most. */
  sweepRetryMs: 60 * 60_000,
  /** Values asked for by one drift check. */
  driftSample: 20,
  /** How often a backend is told that this database is the newest: a restore from before is noticed then. */
  restoreEpochMs: 60 * 60_000,

  versionsKept: 100,
  trashKeptMs: 30 * 24 * 60 * 60 * 1000,
  /** How long the place of a purged secret in a list stays known, for cursors that name it. */
  tombstoneKeptMs: 24 * 60 * 60 * 1000,
  /** Forgotten in one commit: some milliseconds of the writer's time. */
  sweptTombstonesMax: 1_000,

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
  /** Named one by one when the access of several changes at once; beyond it everybody starts over. */
  accessConcernsMax: 100,
  feedWaitSecondsMax: 60,
  feedWaitersMax: 10_000,

  /** Purged by retention or removed with their store, in one commit: 10 ms from PostgreSQL it takes 5 s. */
  removedSecrets: 50,
  /** Of a deleted organization, in one commit: some milliseconds of the writer's time. Each secret goes whole. */
  endedSecrets: 50,
  endedRows: 1_000,
  /** Deleted organizations looked at together. */
  endedOrganizations: 100,
  /** How long it is taken for granted which organization a slug means: it may be another's by then. */
  locatedMs: 5_000,

  /** How long a server that ends may wait for what is under way; service managers kill after 90 s. */
  drainSecondsMax: 60,
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
  /** Terms of one key that are not destroyed: all of them are opened at once. */
  keyTermsMax: 1_000,
  /** Moved to another term in one commit: a few milliseconds in which reveals of these secrets wait. */
  resealRows: 128,
  resealBytesMax: 1024 * 1024,
  /** Organizations looked at together while their rotations are carried on. */
  resealOrganizations: 100,
  /** A value that does not open will not open a moment later either. */
  resealRestMs: 10 * 60_000,
  /** Organizations that start anew in one commit after a restore: nobody is served meanwhile. */
  restoreOrganizations: 25,
  /** How far revisions jump then: further than any history that was lost can have gone. */
  restoreRevisions: 2 ** 32,
  /** Wrapped by another root key in one commit. */
  rewrapKeys: 100,
  /** How long a node that fell silent counts as running: several of its announcements may be late. */
  nodeLeaseMs: 60_000,
  nodeForgottenMs: 60 * 60_000,

  /** Keys for the server's own use: an RSA key of 8,192 bits would still fit. */
  internalKeyBytesMax: 8_192,
  /** Organizations whose keys lie open in memory; past this the longest known is let go. */
  organizationKeysCachedMax: 10_000,
  /** A root key file holds a few lines; more is another file by mistake. */
  rootKeyFileBytesMax: 16_384,
  rootKeysMax: 64,
  /** Each costs a quarter of a second at the start for each key of the record. */
  passphrasesMax: 4,
  passphraseRecordsMax: 8,
  /** Each costs a question to its provider at the start. */
  rootRecordsMax: 8,
  /** One question to a provider of root keys, with all its repeats: a start waits for a few of them. */
  rootProviderMs: 15_000,
  /** What a provider answers is some hundred bytes; an error may be a page. */
  rootProviderAnswerBytesMax: 65_536,
  /** How soon a provider that did not answer is asked again by a server that waits for it. */
  rootProviderAgainMs: 5_000,
  passphraseBytesMax: 1_024,
  /** With Argon2id in its way a shorter one is guessed in reach of a rented machine. */
  passphraseCharactersMin: 12,

  headEveryMs: 1_000,
  headEveryEntries: 1_000,
  /** Entries of one archive file, some 25 MB: a run that is broken off repeats at most this. */
  auditSegmentEntriesMax: 50_000,
  /** Entries read, restated or removed at once: a few milliseconds of the writer's time. */
  auditChunkRows: 500,

  /** Workload identity. Real tokens have 1 to 4 KiB; Kubernetes' with all claims up to 8. */
  workloadTokenBytesMax: 16_384,
  /** For `nbf` and `iat` alone: a session ends with `exp`, so there is nothing after it to allow. */
  /** A token for many audiences is for nobody in particular. */
  workloadAudiencesMax: 16,
  workloadClockSkewMs: 60_000,
  /** A token for a longer time than a day is a password, not the identity of a run. */
  workloadTokenLifeMsMax: 24 * 60 * 60 * 1000,
  workloadSessionMsMax: 60 * 60 * 1000,
  trustNameCharactersMax: 255,
  trustAudienceCharactersMax: 255,
  trustUrlCharactersMax: 2_048,
  trustClaimsMax: 20,
  trustClaimNameCharactersMax: 255,
  trustPatternsMax: 100,
  trustPatternCharactersMax: 500,
  trustStoresMax: 100,
  /** GitLab publishes 3 keys, Google 3, a Kubernetes cluster 1 or 2. */
  keySetKeysMax: 100,
  keySetBytesMax: 262_144,
  keySetSourcesMax: 1_000,
  /** Fetches under way at once: each is a socket, and a name to resolve on one of few threads. */
  keySetFetchesMax: 32,
  keySetFetchMs: 5_000,
  /** How long a key that its issuer withdrew is still taken. */
  keySetFreshMs: 10 * 60_000,
  /** While its issuer cannot be reached: as long as a session that began just before would last. */
  keySetStaleMs: 60 * 60_000,
  /** Tokens with unknown keys cost the issuer one request in this time, however many come. */
  keySetUnknownKeyMs: 60_000,
  /** After a failed fetch. */
  keySetRetryMs: 15_000,
  /** A file costs nothing to read again; a half-written one is forgiven for a minute. */
  keyFileFreshMs: 2_000,
  keyFileStaleMs: 60_000,

  /** SMTP's bound of an address. */
  emailCharactersMax: 254,
  personNameCharactersMax: 255,
  /** Its code lies in somebody's inbox: long enough for a holiday, too short to be forgotten there. */
  invitationLifeMs: 7 * 24 * 60 * 60 * 1000,
  tokenLifeMs: 30 * 24 * 60 * 60 * 1000,
  /** In one list of addresses; each is looked at for every request. */
  networksMax: 64,
  /** Of one credential from one block of addresses; then it is refused from there, right or wrong. */
  failedLoginsPerMinute: 10,
  /** Some megabytes at most. To have one forgotten costs an attacker as many requests. */
  failedLoginsKeptMax: 65_536,
  /** Credentials whose requests are counted in one minute, where there is a limit. */
  rateCountsMax: 100_000,
  /** Refusals of one credential that are written down one by one; further ones are counted. */
  refusalsPerMinute: 60,
  /** Different kinds, credentials and blocks of addresses that are counted apart. */
  refusalCountsMax: 1_024,
  /** An action, a slug and a secret's name. */
  scopeCharactersMax: 600,
  scopesMax: 100,
  tokenNameCharactersMax: 255,
  /** For a day the audit trail tells a token that ended from one that never was. */
  endedTokensKeptMs: 24 * 60 * 60 * 1000,
  /** Tokens whose rows are forgotten in one commit: some milliseconds of the writer's time. */
  sweptTokensMax: 500,
  /** Tokens whose last use waits to be written down; a token beyond them waits for the next minute. */
  lastUsesKeptMax: 65_536,
  /** Written in one commit. */
  lastUsesChunk: 500,
  /** Of an access token: our own have 30; a longer one is not hashed. */
  clientSecretCharactersMax: 255,
  /** What a login of one lasts: its clients log in again five minutes before. */
  clientTokenSeconds: 3_600,
  /** As the official server bounds an import; its secrets are bounded like those of every batch. */
  importedStoresMax: 1_000,
  /** Access tokens of one machine that have not ended: their list has no pages. */
  accessTokensOfMachineMax: 1_000,
  jobIdCharactersMax: 255,
  jobLifeMs: 60 * 60 * 1000,
  /** As long as the identity of a run may be trusted elsewhere. */
  jobLifeMsMax: 24 * 60 * 60 * 1000,
  /** Sessions of one job ended in one commit. */
  jobSessionsChunk: 500,
  storesOfTokenMax: 1_000,
  /** As many as a token may list: both are looked at for every request. */
  storesOfServiceMax: 1_000,
  /** All of them are read to decide about their holder, and demanded of who lets somebody into a group. */
  grantsOfSubjectMax: 1_000,
  /** They go in the transaction in which their object goes. */
  grantsOnObjectMax: 10_000,
  /** They go in the transaction in which their group goes. */
  membersOfGroupMax: 10_000,
  /** What all of them hold is read to decide about their member. */
  groupsOfPersonMax: 100,
  /** Rows kept in memory for reveals; each is checked against the tables when its audit commits. */
  revealCacheBytesMax: 6 * 1024 * 1024,
  accessCacheEntriesMax: 10_000,
  /** A renamed principal is audited by his old name for at most this long; a token costs one look-up in it. */
  credentialKeptMs: 5_000,
} as const;
