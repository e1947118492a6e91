/**
 * The index of PEC providers (indice dei gestori, RFC 6109 §4.5) as a seam.
 * Domains are compared without case, in A-label form.
 */
export interface IndexedProvider {
  /** `providerName`. */
  readonly name: string;
  /** `providerUnit` of a secondary environment. */
  readonly unit?: string;
  /** `mailReceipt`: where prese in carico and virus detections go. */
  readonly mailReceipt: string;
  /** `managedDomains`, lower case. */
  readonly managedDomains: readonly string[];
  /** `providerCertificate`, DER. */
  readonly certificates: readonly Uint8Array[];
  /** `providerCertificateHash`, SHA-1, 40 lower-case hex digits. */
  readonly certificateHashes: readonly string[];
  readonly ldifLocationUrl?: string;
}

export interface ProviderIndex {
  /** When the copy in force was fetched; undefined when there is none yet. */
  readonly fetchedAt: number | undefined;
  providerOf(domain: string): IndexedProvider | undefined;
  /** `hash`: SHA-1 of the certificate, hex in either case. */
  providerByCertificateHash(hash: string): IndexedProvider | undefined;
  all(): readonly IndexedProvider[];
}

export interface ProviderIndexHistory {
  /** The copy that was in force on that day (`YYYY-MM-DD`, UTC), or undefined. */
  asOf(day: string): Promise<ProviderIndex | undefined>;
}
