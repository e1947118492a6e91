/** The object identifiers of time stamping, each once. */
export const tsaOids = {
  /** id-ct-TSTInfo (RFC 3161 §2.4.2). */
  tstInfo: '1.2.840.113549.1.9.16.1.4',
  /** Signed attribute with the SHA-1 of the authority's certificate (RFC 2634 §5.4). */
  signingCertificate: '1.2.840.113549.1.9.16.2.12',
  /** The same with any digest, SHA-256 by default (RFC 5816 §2.2.1). */
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
} as const;
