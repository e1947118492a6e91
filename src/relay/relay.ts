import type { Segments } from '../lib/segments.ts';

/** The outbound seam: hand one message to one destination domain's server, one result per recipient. */
export interface OutgoingMessage {
  /** SMTP reverse path; empty string for the null path. */
  readonly reversePath: string;
  readonly recipients: readonly string[];
  readonly content: Segments;
  readonly size: number;
  /** True when the content has bytes above 127: BODY=8BITMIME is then required. */
  readonly eightBit: boolean;
}

export interface Destination {
  readonly domain: string;
  /** True for domains in the provider index: TLS with a verified name is then a must (RFC 6109 §5.3). */
  readonly requireTls: boolean;
}

export type RelayResult = {
  readonly recipient: string;
  readonly outcome: 'delivered' | 'temporary' | 'permanent';
  /** SMTP reply code, or 0 when no reply was had (connection failure). */
  readonly code: number;
  /** Enhanced status `c.s.d`; derived from the code when the peer gave none. */
  readonly enhanced: string;
  /** The peer's text or a description of the failure, one line. */
  readonly text: string;
  /** The server that answered, or undefined. */
  readonly server?: string;
};

export interface Relay {
  /** Never rejects for what a peer does or fails to do: that is a result, one per recipient. */
  deliver(message: OutgoingMessage, destination: Destination): Promise<readonly RelayResult[]>;
  close(): Promise<void>;
}
