/** A mailbox at another provider, read and never changed: what an import needs of it. */
import type { Instant } from '../../lib/time.ts';

export interface SourceFolder {
  /** As the server names it: what `openFolder` takes. */
  readonly path: string;
  /** The levels of its name, without the prefix that some servers put before every folder. */
  readonly levels: readonly string[];
  /** `\Sent` … (RFC 6154), or what its name says in one of many languages. */
  readonly specialUse: string | undefined;
  readonly subscribed: boolean;
  /** A view on messages that stand in other folders too, or a folder of other people. */
  readonly foreign: boolean;
}

export interface SourceMessage {
  readonly uid: number;
  readonly flags: readonly string[];
  /** Undefined when the server tells none that can be read. */
  readonly internalDate: Instant | undefined;
  /** As the server tells it, bytes: some are wrong about it. */
  readonly size: number;
}

/** One connection. Every method throws {@link SourceError}. */
export interface MailSource {
  /** Folders that hold messages. */
  listFolders(): Promise<readonly SourceFolder[]>;
  /** What follows is about this folder. */
  openFolder(path: string): Promise<{ readonly uidValidity: number }>;
  /** Ascending. */
  listUids(): Promise<readonly number[]>;
  /** Those of the messages that are still there. */
  describe(uids: readonly number[]): Promise<readonly SourceMessage[]>;
  /** The flags of those of the messages that are still there. */
  readFlags(uids: readonly number[]): Promise<readonly Pick<SourceMessage, 'uid' | 'flags'>[]>;
  /** The bytes of small messages, each held whole; one that the server leaves out is left out here. */
  readWhole(uids: readonly number[]): AsyncIterable<{ readonly uid: number; readonly bytes: Uint8Array }>;
  /** The bytes of one message in pieces, however large it is. */
  read(message: Pick<SourceMessage, 'uid' | 'size'>): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/**
 * `lost`: the connection; another one may do better. `message`: the server does not give this message. `denied`: nothing
 * will help but another command line.
 */
export type SourceFault = 'lost' | 'message' | 'denied';

export class SourceError extends Error {
  readonly fault: SourceFault;

  /** `message`: for the person, with what to do where something can be done. */
  constructor(fault: SourceFault, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'SourceError';
    this.fault = fault;
  }
}
