/**
 * The part tree of a message, by offsets into its bytes: what BODYSTRUCTURE, postacert.eml extraction and the
 * attachment rules read. It is plain data (JSON) so that a store can keep it beside the message.
 * All offsets count from the first byte of the whole message, also inside an enclosed message/rfc822.
 */
export interface MessagePart {
  /** First byte of the part's header. */
  readonly headerStart: number;
  /** First byte after the blank line that ends the header: where the body begins. */
  readonly bodyStart: number;
  /** First byte after the body; the CRLF before a boundary line belongs to the boundary. */
  readonly bodyEnd: number;
  /** Number of lines of the body. */
  readonly lines: number;
  /**
   * Header fields in order, names as written, values raw (folding kept, without the final CRLF), as a
   * Latin-1 string: one character a byte. Cut off when the header is over the scanner's limit.
   */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Lower case, e.g. `text` and `plain`; the default of RFC 2045 §5.2 or RFC 2046 §5.1.5 when absent or broken. */
  readonly type: string;
  readonly subtype: string;
  /** Content-Type parameters, names in lower case, RFC 2231 continuations and charsets decoded. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Lower case; `7bit` when absent. */
  readonly transferEncoding: string;
  readonly disposition:
    | { readonly type: string; readonly parameters: Readonly<Record<string, string>> }
    | undefined;
  /** Parts of a multipart, in order; empty for others. */
  readonly children: readonly MessagePart[];
  /** The enclosed message of a message/rfc822 (or message/global) in an identity encoding. */
  readonly message: MessagePart | undefined;
  /** True when the scanner met a limit (depth, parts, header size) and left the inside unread. */
  readonly truncated: boolean;
}
