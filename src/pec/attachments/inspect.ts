import { constants, gunzipSync, inflateRawSync } from 'node:zlib';
import { fileNameOf } from '../../mime/content-type.ts';
import type { MessagePart } from '../../mime/message-part.ts';
import { scanMessage } from '../../mime/part-scanner.ts';
import { walkParts } from '../../mime/part-walk.ts';
import { decodeTransfer } from '../../mime/transfer.ts';
import type { ArchiveEntry } from './archive-entry.ts';
import {
  type ContentKind,
  readCompoundFile,
  recogniseContainer,
  recogniseForbidden,
} from './content-kinds.ts';
import { isForbiddenName } from './extensions.ts';
import { readRarEntries } from './rar.ts';
import { readTarEntries } from './tar.ts';
import { readZipDirectory } from './zip.ts';

/**
 * What is in an attachment, whatever it is called: programs under other names, files in archives in archives,
 * attachments of enclosed messages. Work and memory are bounded for any input; what lies beyond the bounds is
 * reported as unread, never as harmless.
 */
export interface ContentReport {
  /** Forbidden files, with the path of archives and messages that lead to them. */
  readonly forbidden: readonly string[];
  /** Paths of archives, or members of them, that are encrypted. */
  readonly encrypted: readonly string[];
  /** Paths of documents with macros. */
  readonly macros: readonly string[];
  /** True when something could not be looked into for its size, depth or number. */
  readonly unread: boolean;
}

export interface Inspection {
  /** As a person sees it; may be empty. */
  readonly name: string;
  /** Decoded content. */
  readonly bytes: Uint8Array;
  /** Forbidden extensions, lower case. */
  readonly extensions: readonly string[];
}

/** What may still be unpacked; counted down by whoever unpacks. */
export interface Allowance {
  bytes: number;
}

/** As much as is unpacked in all of what shares the allowance. */
export function newAllowance(): Allowance {
  return { bytes: 64 * 1024 * 1024 };
}

const deepest = 8;
/** Enough of a file to recognise what it is. */
export const headBytes = 512;
/** Deflate makes at most about a thousand bytes of one. */
const mostHeadInflated = 1100 * headBytes;

type Packed = NonNullable<ArchiveEntry['packed']>;

/** Everything found in one attachment. */
export function inspectContent({ name, bytes, extensions }: Inspection): ContentReport {
  const inspector = new Inspector(extensions, newAllowance());
  inspector.look(name, bytes, 0);
  return inspector.report();
}

/** Collects what is found in one attachment and in what it holds. */
export class Inspector {
  readonly #extensions: readonly string[];
  readonly #forbidden = new Set<string>();
  readonly #encrypted = new Set<string>();
  readonly #macros = new Set<string>();
  #unread = false;
  readonly #allowance: Allowance;

  constructor(extensions: readonly string[], allowance: Allowance) {
    this.#extensions = extensions;
    this.#allowance = allowance;
  }

  report(): ContentReport {
    return {
      forbidden: [...this.#forbidden],
      encrypted: [...this.#encrypted],
      macros: [...this.#macros],
      unread: this.#unread,
    };
  }

  /** A file by name and content; `as` says what it is when that is known otherwise. */
  look(path: string, bytes: Uint8Array, depth: number, as?: ContentKind): void {
    this.lookAtName(path);
    this.#lookAtHead(path, bytes);
    const kind = as ?? recogniseContainer(bytes.subarray(0, headBytes));
    if (kind === 'other') return;
    if (depth >= deepest) this.#unread = true;
    else this.#open(kind, path, bytes, depth);
  }

  /** A file that is too big to look into. */
  refuseToOpen(path: string, head: Uint8Array): void {
    this.lookAtName(path);
    this.#lookAtHead(path, head);
    this.#unread = true;
  }

  /** Of a big archive only the last bytes are there: names, no contents. */
  lookAtTail(path: string, tail: Uint8Array, size: number): void {
    const entries = readZipDirectory(tail, size);
    this.#unread = true;
    for (const entry of entries ?? []) this.#lookAtEntry(path, entry);
  }

  lookAtName(path: string): void {
    if (isForbiddenName(path, this.#extensions)) this.#forbidden.add(path);
  }

  #lookAtHead(path: string, head: Uint8Array): void {
    const extension = recogniseForbidden(head.subarray(0, headBytes));
    if (extension !== undefined && this.#extensions.includes(extension)) this.#forbidden.add(path);
  }

  #open(kind: Exclude<ContentKind, 'other'>, path: string, bytes: Uint8Array, depth: number): void {
    if (kind === 'message') this.lookAtMessage(path, bytes, depth);
    else if (kind === 'gzip') this.#openGzip(path, bytes, depth);
    else if (kind === 'ole') this.#lookAtCompoundFile(path, bytes);
    else this.#openArchive(kind, path, bytes, depth);
  }

  #openGzip(path: string, bytes: Uint8Array, depth: number): void {
    const inner = this.#inflate(() => gunzipSync(bytes, { maxOutputLength: this.#allowance.bytes }));
    if (inner !== undefined)
      this.look(path.replace(/\.gz$/i, '').replace(/\.tgz$/i, '.tar'), inner, depth + 1);
  }

  #lookAtCompoundFile(path: string, bytes: Uint8Array): void {
    const { installer, macros } = readCompoundFile(bytes);
    if (installer && this.#extensions.includes('msi')) this.#forbidden.add(path);
    if (macros) this.#macros.add(path);
  }

  #openArchive(kind: keyof typeof archiveReaders, path: string, bytes: Uint8Array, depth: number): void {
    const entries = archiveReaders[kind](bytes);
    if (entries === undefined) this.#unread = true;
    for (const entry of entries ?? []) {
      this.#lookAtEntry(path, entry);
      const { name, packed } = entry;
      if (packed === undefined) continue;
      const head = this.#readHead(bytes, packed);
      this.#lookAtHead(joinPath(path, name), head);
      if (recogniseContainer(head) === 'other') continue;
      const content = this.#unpack(bytes, packed);
      if (content !== undefined) this.look(joinPath(path, name), content, depth + 1);
    }
  }

  #lookAtEntry(path: string, { name, encrypted }: ArchiveEntry): void {
    const inner = joinPath(path, name);
    this.lookAtName(inner);
    if (encrypted) this.#encrypted.add(path);
    // Office documents of the newer kind keep their macros in this member.
    if (/(^|\/)vbaProject\.bin$/i.test(name)) this.#macros.add(path);
    if (/^META-INF\/MANIFEST\.MF$/i.test(name) && this.#extensions.includes('jar')) this.#forbidden.add(path);
  }

  /** An enclosed message: the attachments of its own, to any depth. */
  lookAtMessage(path: string, bytes: Uint8Array, depth: number): void {
    for (const part of walkParts(scanMessage(bytes))) {
      if (part.truncated) this.#unread = true;
      for (const name of namesOf(part)) this.lookAtName(joinPath(path, name));
      if (part.children.length > 0 || part.message !== undefined || !isFile(part)) continue;
      const encoded = bytes.subarray(part.bodyStart, part.bodyEnd);
      const content = this.#spend(decodeTransfer(part.transferEncoding, encoded));
      const as = isMessage(part) ? 'message' : undefined;
      if (content !== undefined) this.look(joinPath(path, fileNameOf(part) ?? ''), content, depth + 1, as);
    }
  }

  #unpack(bytes: Uint8Array, { method, start, end }: Packed): Uint8Array | undefined {
    const packed = bytes.subarray(start, end);
    if (method === 'stored') return this.#spend(packed);
    return this.#inflate(() =>
      inflateRawSync(packed, { maxOutputLength: Math.max(this.#allowance.bytes, 1) }),
    );
  }

  /** The first bytes of a member, without unpacking it all. */
  #readHead(bytes: Uint8Array, { method, start, end }: Packed): Uint8Array {
    const packed = bytes.subarray(start, Math.min(end, start + headBytes));
    if (method === 'stored') return packed;
    if (this.#allowance.bytes <= mostHeadInflated) {
      this.#unread = true;
      return new Uint8Array(0);
    }
    try {
      const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: mostHeadInflated };
      const inflated = inflateRawSync(packed, options);
      this.#allowance.bytes -= inflated.length;
      return inflated.subarray(0, headBytes);
    } catch {
      this.#allowance.bytes -= headBytes;
      return new Uint8Array(0);
    }
  }

  #inflate(run: () => Uint8Array): Uint8Array | undefined {
    try {
      return this.#spend(run());
    } catch {
      // Damaged, or larger than what is left of the budget.
      this.#unread = true;
      return undefined;
    }
  }

  #spend(bytes: Uint8Array): Uint8Array | undefined {
    this.#allowance.bytes -= bytes.length;
    if (this.#allowance.bytes > 0) return bytes;
    this.#allowance.bytes = 1;
    this.#unread = true;
    return undefined;
  }
}

const archiveReaders = { zip: readZipDirectory, tar: readTarEntries, rar: readRarEntries } as const;

function joinPath(path: string, name: string): string {
  return path === '' ? name : `${path}/${name}`;
}

/** Both names a part can have: which one a program takes differs. */
export function namesOf(part: MessagePart): string[] {
  const names = [part.disposition?.parameters.filename, part.parameters.name, fileNameOf(part)];
  return [...new Set(names.filter((name) => name !== undefined && name !== ''))] as string[];
}

/** Parts whose content is to be looked at: all but the text a person reads. */
export function isFile(part: MessagePart): boolean {
  if (part.type === 'multipart') return false;
  return part.type !== 'text' || namesOf(part).length > 0;
}

/** A leaf that is a message all the same: it stands in a transfer encoding, which RFC 2046 §5.2.1 forbids. */
export function isMessage({ type, subtype }: MessagePart): boolean {
  return type === 'message' && (subtype === 'rfc822' || subtype === 'global');
}
