/** The time-stamp seam (RFC 3161). */
export interface TimeStampAuthority {
  readonly name: string;
  /**
   * A DER TimeStampToken over `digest` (SHA-256, 32 bytes).
   * @throws {MailError} kind `temporary` when the authority cannot be had: sealing then waits.
   */
  stamp(digest: Uint8Array): Promise<Uint8Array>;
}
