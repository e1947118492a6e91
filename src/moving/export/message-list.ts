/** `messages.csv`: what an export holds, with what its form cannot say: flags, dates, digests, and what is missing. */
import { hex } from '../../lib/bytes.ts';
import type { SnapshotMessage } from './mailbox-snapshot.ts';

export interface ListedMessage {
  readonly folder: string;
  readonly message: SnapshotMessage;
  /** Where it stands in the export; undefined when it is not there. */
  readonly file: string | undefined;
  readonly sha256: Uint8Array | undefined;
  /** Why it is not there. */
  readonly problem: string | undefined;
}

const head = ['folder', 'uid', 'file', 'size', 'internal date', 'flags', 'sha256', 'problem'];

/** RFC 4180, UTF-8. */
export class MessageList {
  readonly #lines: string[] = [formatLine(head)];

  add({ folder, message, file, sha256, problem }: ListedMessage): void {
    const { uid, size, internalDate, flags } = message;
    const cells = [
      folder,
      String(uid),
      file ?? '',
      String(size),
      new Date(internalDate).toISOString(),
      flags.join(' '),
      sha256 === undefined ? '' : hex(sha256),
      problem ?? '',
    ];
    this.#lines.push(formatLine(cells));
  }

  toBytes(): Uint8Array {
    return Buffer.from(this.#lines.join(''));
  }
}

function formatLine(cells: readonly string[]): string {
  const quoted = cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell));
  return `${quoted.join(',')}\r\n`;
}
