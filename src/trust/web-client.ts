/** Fetching from the web as a seam: revocation lists and OCSP answers come over plain HTTP, as their own signatures prove them. */

export interface WebRequest {
  /** `http:` or `https:`. */
  readonly url: string;
  /** What is posted; absent for a GET. */
  readonly body?: { readonly type: string; readonly bytes: Uint8Array };
  /** Bytes; a longer answer is broken off. */
  readonly maxBytes: number;
  /** For the whole transfer. */
  readonly timeoutMs: number;
}

/**
 * The body of the answer, status 200.
 * @throws {WebError} for everything else.
 */
export type WebClient = (request: WebRequest) => Promise<Uint8Array>;

/** Nothing could be had; the message says why, for the operator, and names the address. */
export class WebError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'WebError';
  }
}
