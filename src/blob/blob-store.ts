/**
 * The bytes seam. A blob is written once, never changed, and durable (bytes and name) before `put` resolves.
 * Blob first, then the rows that point to it: a crash between leaves an orphan, swept later.
 */
export interface StoredBlob {
  readonly blob: string;
  readonly size: number;
  /** SHA-256 of the bytes, 32 bytes. */
  readonly sha256: Uint8Array;
}

export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

export interface BlobEntry {
  readonly blob: string;
  readonly size: number;
  /** When it was written, milliseconds since the epoch. */
  readonly storedAt: number;
}

export interface BlobStore {
  /**
   * Stores all bytes of `source`. If `source` throws, nothing is kept and the error is passed on.
   * @throws {MailError} kind `temporary`, 452 4.3.1, when the bytes cannot be made durable.
   */
  put(source: AsyncIterable<Uint8Array>): Promise<StoredBlob>;
  /**
   * The bytes of the range, or of the whole blob, in chunks of at most 64 KiB. With `passing` a chunk is good only
   * until the next one is asked for: for readers that keep none, and leave no garbage of the message's size.
   * @throws {MailError} kind `temporary` when the blob is missing or shorter than the range.
   */
  get(blob: string, range?: ByteRange, passing?: 'passing'): AsyncIterable<Uint8Array>;
  /** Removes the blob; a missing one is no error. */
  delete(blob: string): Promise<void>;
  /** Every blob stored, in no order: for sweeping and verification. */
  list(): AsyncIterable<BlobEntry>;
}
