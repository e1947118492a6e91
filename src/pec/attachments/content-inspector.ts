import { concatBytes } from '../../lib/bytes.ts';
import { PartScanner } from '../../mime/part-scanner.ts';
import { walkParts } from '../../mime/part-walk.ts';
import { type ContentKind, recogniseContainer } from './content-kinds.ts';
import {
  type Allowance,
  type ContentReport,
  headBytes,
  Inspector,
  namesOf,
  newAllowance,
} from './inspect.ts';

/** As much as is held of one archive; of bigger ones only the last bytes. */
const mostHeld = 16 * 1024 * 1024;
const tailBytes = 2 * 1024 * 1024;

export interface InspectorOptions {
  /** What may be unpacked, shared by all attachments of one message; one of its own when absent. */
  readonly allowance?: Allowance;
  /** The content is a message, however it begins. */
  readonly isMessage?: boolean;
}

/**
 * What is in one attachment whose content comes in chunks. Nothing is held of what is neither archive nor
 * document nor message; of those at most 16 MiB, and when they are bigger their names are still read where
 * that needs no more: the last bytes of a ZIP archive, the structure of a message.
 */
export class ContentInspector {
  readonly #name: string;
  readonly #extensions: readonly string[];
  readonly #options: InspectorOptions;
  #held: Uint8Array[] = [];
  #heldSize = 0;
  #size = 0;
  #head: Uint8Array | undefined;
  #kind: ContentKind | undefined;
  #scanner: PartScanner | undefined;
  #isTooBig = false;

  /** @param extensions forbidden ones, lower case, without dots */
  constructor(name: string, extensions: readonly string[], options: InspectorOptions = {}) {
    this.#name = name;
    this.#extensions = extensions;
    this.#options = options;
  }

  /** True when no further byte can change the report. */
  get settled(): boolean {
    return this.#kind === 'other' || (this.#isTooBig && this.#kind !== 'zip' && this.#kind !== 'message');
  }

  /** The next decoded bytes; they must not change afterwards. */
  push(chunk: Uint8Array): void {
    this.#size += chunk.length;
    if (this.settled) return;
    this.#scanner?.push(chunk);
    this.#held.push(chunk);
    this.#heldSize += chunk.length;
    if (this.#head === undefined && this.#heldSize >= headBytes) this.#recognise();
    if (this.#heldSize > mostHeld) this.#isTooBig = true;
    if (this.#isTooBig) this.#keepTail();
  }

  end(): ContentReport {
    const inspector = new Inspector(this.#extensions, this.#options.allowance ?? newAllowance());
    if (this.#head === undefined) this.#recognise();
    const kind = this.#kind;
    if (!this.#isTooBig) {
      inspector.look(this.#name, concatBytes(this.#held), 0, kind);
      return inspector.report();
    }
    inspector.refuseToOpen(this.#name, this.#head ?? new Uint8Array(0));
    if (kind === 'zip') inspector.lookAtTail(this.#name, concatBytes(this.#held), this.#size);
    for (const part of this.#scanner === undefined ? [] : walkParts(this.#scanner.end()))
      for (const name of namesOf(part)) inspector.lookAtName(`${this.#name}/${name}`);
    return inspector.report();
  }

  #recognise(): void {
    const bytes = concatBytes(this.#held);
    this.#head = bytes.slice(0, headBytes);
    this.#kind = this.#options.isMessage === true ? 'message' : recogniseContainer(this.#head);
    if (this.#kind === 'other') {
      this.#held = [this.#head];
      this.#heldSize = this.#head.length;
    }
    if (this.#kind !== 'message') return;
    this.#scanner = new PartScanner();
    this.#scanner.push(bytes);
  }

  /** The last bytes of an archive in whole chunks; nothing of what keeps its names elsewhere. */
  #keepTail(): void {
    const wanted = this.#kind === 'zip' ? tailBytes : 0;
    let dropped = 0;
    for (const chunk of this.#held) {
      if (this.#heldSize - chunk.length < wanted) break;
      this.#heldSize -= chunk.length;
      dropped++;
    }
    this.#held = this.#held.slice(dropped);
  }
}
