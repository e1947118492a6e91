/**
 * What came in after a backup is lost with what it is restored for, but mail programs have seen it: its numbers must never
 * be given to other messages, and what programs know of flags must give way (RFC 9051 §2.3.1.1, RFC 7162 §3.1). So UIDs
 * and modseqs go on beyond a gap larger than what comes into one folder between two backups.
 */
export const skippedNumbers = 1_000_000;

/** UIDs are 32 bits. */
export const largestUid = 4_294_967_295;
