/** What the operator's configuration, and never a request, may open to trusts. */
export interface WorkloadRules {
  /** `HOST` or `HOST:PORT`, lower case, as in a URL: may be fetched from at any address. */
  readonly allowedHosts: readonly string[];
  /** Absolute paths of files with key sets that trusts may name. */
  readonly keyFiles: readonly string[];
}

/** No private host, no file. */
export const strictRules: WorkloadRules = { allowedHosts: [], keyFiles: [] };
