/**
 * The provider's key as a seam: a PEM file, or an HSM by PKCS#11. Signing is asynchronous so that it leaves
 * the main thread; RSA PKCS#1 v1.5 is deterministic, which reproduction of receipts relies on.
 */
import type { KeyObject } from 'node:crypto';

export interface Signer {
  /** Certificates in DER, the signer's own first, then its issuers up to but without the root if known. */
  readonly chain: readonly Uint8Array[];
  /** The key itself where it may sign on other threads of this process as well; what holds its keys itself has none. */
  readonly key?: KeyObject;
  /**
   * RSASSA-PKCS1-v1_5 with SHA-256 over `tbs` (the bytes, not their digest).
   * @throws {MailError} kind `temporary`, 451 4.7.0, when the key cannot be used now.
   */
  sign(tbs: Uint8Array): Promise<Uint8Array>;
}
