/**
 * The virus seam. "Cannot tell" is never "clean": whatever goes wrong is thrown.
 */
export type ScanVerdict = { readonly infected: false } | { readonly infected: true; readonly virus: string };

export interface VirusScanner {
  /** What the log and `pec config show` call it, e.g. `clamd 1.4.3/27200` */
  readonly name: string;
  /**
   * Reads all of `source` unless it knows earlier.
   * @throws {MailError} kind `temporary`, 451 4.7.1, when it cannot tell.
   */
  scan(source: AsyncIterable<Uint8Array>): Promise<ScanVerdict>;
}
