/**
 * DKIM signatures (RFC 6376), rsa-sha256 over relaxed header and relaxed body, written as one field to stand before
 * the message; not one byte of the message changes. The body is digested as it streams past; the signing itself is
 * the caller's, since it waits for a key.
 */
import { createHash } from 'node:crypto';
import { asBuffer, fromLatin1 } from '../lib/bytes.ts';
import type { Instant } from '../lib/time.ts';
import type { HeaderBlock } from './header.ts';

export interface DkimKey {
  /** `d=`: A-label form. */
  readonly domain: string;
  /** `s=`: the record is at `<selector>._domainkey.<domain>`. */
  readonly selector: string;
  /** RSASSA-PKCS1-v1_5 with SHA-256. */
  sign(tbs: Uint8Array): Promise<Uint8Array>;
}

export interface DkimValues {
  readonly domain: string;
  readonly selector: string;
  /** `t=` */
  readonly at: Instant;
  readonly header: HeaderBlock;
  /** From {@link RelaxedBodyDigest}. */
  readonly bodyHash: Uint8Array;
}

export interface UnsignedDkim {
  /** What the key signs. */
  readonly tbs: Uint8Array;
  /** The whole field with its final CRLF, once the signature is known. */
  complete(signature: Uint8Array): Uint8Array;
}

const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;

/** Those that carry a meaning for reader or program; trace fields change on the way (RFC 6376 §5.4.1). */
const signedNames = [
  'From',
  'Reply-To',
  'To',
  'Cc',
  'Subject',
  'Date',
  'Message-ID',
  'References',
  'MIME-Version',
  'Content-Type',
  'X-Trasporto',
  'X-TipoRicevuta',
  'X-Ricevuta',
  'X-VerificaSicurezza',
  'X-Riferimento-Message-ID',
];
/** Named once more than they occur, so that a second one added on the way breaks the signature (§8.15). */
const sealedNames = ['From', 'To', 'Subject', 'Date', 'Content-Type'];

/** The field, all but its signature. */
export function prepareDkim({ domain, selector, at, header, bodyHash }: DkimValues): UnsignedDkim {
  const names = listSigned(header);
  const start = [
    `DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=${domain};`,
    ` s=${selector}; t=${Math.floor(at / 1000)};`,
    ` h=${foldNames(names)};`,
    ` bh=${Buffer.from(bodyHash).toString('base64')};`,
    ' b=',
  ].join('\r\n\t');
  const value = start.slice(start.indexOf(':') + 1);
  const lines = [...selectFields(header, names), `dkim-signature:${relaxValue(value)}`];
  return {
    tbs: fromLatin1(lines.join('\r\n')),
    complete: (signature) => {
      const pieces =
        Buffer.from(signature)
          .toString('base64')
          .match(/.{1,72}/g) ?? [];
      return fromLatin1(`${start}${pieces.join('\r\n\t  ')}\r\n`);
    },
  };
}

/** Lines of names, parted by colons. */
function foldNames(names: readonly string[]): string {
  return names.join(':').replace(/(.{40,60}:)(?=.)/g, '$1\r\n\t   ');
}

/** The names for `h=`: each as often as it occurs. */
function listSigned(header: HeaderBlock): string[] {
  return signedNames.flatMap((name) => {
    const occurrences = header.fields.filter(({ lowerName }) => lowerName === name.toLowerCase()).length;
    const wanted = occurrences + (sealedNames.includes(name) ? 1 : 0);
    return new Array<string>(wanted).fill(name);
  });
}

/** The named fields in canonical form, the last one of a name first (§5.4.2); a name too many stands for none. */
function selectFields({ fields }: HeaderBlock, names: readonly string[]): string[] {
  const left = [...fields];
  return names.flatMap((name) => {
    const index = left.findLastIndex(({ lowerName }) => lowerName === name.toLowerCase());
    if (index === -1) return [];
    const [field] = left.splice(index, 1);
    return field === undefined ? [] : [`${field.lowerName}:${relaxValue(field.value)}`];
  });
}

/** §3.4.2: unfolded, white space to one blank, none at either end. */
function relaxValue(value: string): string {
  return value
    .replace(/\r\n/g, '')
    .replace(/[ \t]+/g, ' ')
    .replace(/^ | $/g, '');
}

/** SHA-256 of a body in relaxed form (§3.4.4): `push` its bytes in order, then `end` once. */
export class RelaxedBodyDigest {
  readonly #hash = createHash('sha256');
  #out = Buffer.alloc(0);
  #size = 0;
  /** White space was seen on this line and nothing after it. */
  #blank = false;
  /** Something else stands on this line. */
  #hasText = false;
  /** A CR was the last byte: a line end when LF follows. */
  #cr = false;
  /** Empty lines that do not count when nothing follows. */
  #emptyLines = 0;
  /** By byte: where it stands next in the chunk. */
  readonly #next: number[] = [];

  push(chunk: Uint8Array): void {
    const bytes = asBuffer(chunk);
    if (this.#passAsIs(bytes)) return;
    // Each byte gives at most itself, and what was held back before.
    this.#out = Buffer.allocUnsafe(2 * bytes.length + 8);
    this.#size = 0;
    for (const byte of [SPACE, TAB, CR]) this.#next[byte] = -1;
    let at = 0;
    while (at < bytes.length) at = this.#take(bytes, at);
    this.#hash.update(this.#out.subarray(0, this.#size));
  }

  end(): Uint8Array {
    this.#out = Buffer.allocUnsafe(16);
    this.#size = 0;
    if (this.#cr) this.#writeText(CR);
    // §3.4.4: a body without a final line end gets one, unless it is empty.
    if (this.#hasText) this.#writeLineEnd();
    return this.#hash.update(this.#out.subarray(0, this.#size)).digest();
  }

  /** Text without white space and empty lines, base64 above all, is its own relaxed form. */
  #passAsIs(bytes: Buffer): boolean {
    const last = bytes.length - 1;
    if (last < 0 || this.#cr || bytes[0] === CR || bytes[last] === CR) return false;
    if (bytes.includes(SPACE) || bytes.includes(TAB) || bytes.includes('\r\n\r\n')) return false;
    this.#out = Buffer.allocUnsafe(16);
    this.#size = 0;
    this.#startText();
    this.#hash.update(this.#out.subarray(0, this.#size)).update(bytes);
    this.#hasText = !(bytes[last] === LF && bytes[last - 1] === CR);
    return true;
  }

  /** Takes the byte at `at`, or the run of text that begins there; where to go on. */
  #take(bytes: Buffer, at: number): number {
    const byte = bytes[at];
    if (this.#cr) {
      this.#cr = false;
      if (byte === LF) {
        this.#endLine();
        return at + 1;
      }
      this.#writeText(CR);
    }
    if (byte === SPACE || byte === TAB) this.#blank = true;
    else if (byte === CR) this.#cr = true;
    else return this.#takeRun(bytes, at);
    return at + 1;
  }

  #takeRun(bytes: Buffer, from: number): number {
    this.#startText();
    const end = Math.min(
      this.#find(bytes, SPACE, from),
      this.#find(bytes, TAB, from),
      this.#find(bytes, CR, from),
    );
    this.#size += bytes.copy(this.#out, this.#size, from, end);
    return end;
  }

  /** The next place of the byte in the chunk, looked for once however often it is asked. */
  #find(bytes: Buffer, byte: number, from: number): number {
    const known = this.#next[byte] ?? -1;
    if (known >= from) return known;
    const found = bytes.indexOf(byte, from);
    const place = found === -1 ? bytes.length : found;
    this.#next[byte] = place;
    return place;
  }

  #writeText(byte: number): void {
    this.#startText();
    this.#out[this.#size++] = byte;
  }

  /** Writes what was held back: it is not at the end of line or body. */
  #startText(): void {
    while (this.#emptyLines > 0) {
      this.#emptyLines--;
      this.#makeRoom();
      this.#writeLineEnd();
    }
    this.#makeRoom();
    if (this.#blank) this.#out[this.#size++] = SPACE;
    this.#blank = false;
    this.#hasText = true;
  }

  /** Held-back lines of earlier chunks may be more than this chunk has room for. */
  #makeRoom(): void {
    if (this.#size + 4 < this.#out.length / 2) return;
    this.#hash.update(this.#out.subarray(0, this.#size));
    this.#size = 0;
  }

  #endLine(): void {
    if (this.#hasText) this.#writeLineEnd();
    else this.#emptyLines++;
    this.#hasText = false;
    this.#blank = false;
  }

  #writeLineEnd(): void {
    this.#out[this.#size++] = CR;
    this.#out[this.#size++] = LF;
  }
}
