import { asBuffer } from '../../lib/bytes.ts';

/**
 * What a file is by its first bytes, whatever its name says. Only kinds that can be told with certainty: a
 * wrong guess would refuse somebody's document.
 */
export type ContentKind = 'zip' | 'gzip' | 'tar' | 'rar' | 'ole' | 'message' | 'other';

/** The forbidden extensions whose files begin like this, or undefined. `head`: 512 bytes or more, if there are. */
export function recogniseForbidden(head: Uint8Array): string | undefined {
  const bytes = asBuffer(head);
  return signatures.find(({ matches }) => matches(bytes))?.extension;
}

interface Signature {
  readonly extension: string;
  readonly matches: (bytes: Buffer) => boolean;
}

const begins = (...values: readonly number[]) => {
  const wanted = Buffer.from(values);
  return (bytes: Buffer) => bytes.subarray(0, wanted.length).equals(wanted);
};

const signatures: readonly Signature[] = [
  // A text may begin with "MZ"; a program has binary fields right after it.
  { extension: 'exe', matches: (bytes) => bytes.length >= 28 && isAt(bytes, 'MZ') && hasNul(bytes) },
  { extension: 'lnk', matches: begins(0x4c, 0, 0, 0, 0x01, 0x14, 0x02, 0) },
  { extension: 'chm', matches: begins(0x49, 0x54, 0x53, 0x46, 0x03, 0, 0, 0) },
  { extension: 'hlp', matches: begins(0x3f, 0x5f, 0x03, 0) },
  { extension: 'pst', matches: begins(0x21, 0x42, 0x44, 0x4e) },
  { extension: 'class', matches: isJavaClass },
  {
    extension: 'reg',
    matches: (bytes) => /^(REGEDIT4|Windows Registry Editor Version)/.test(readText(bytes)),
  },
  { extension: 'url', matches: (bytes) => /^\s*\[InternetShortcut\]/i.test(readText(bytes)) },
  { extension: 'scf', matches: (bytes) => /^\s*\[Shell\]\s*Command=/i.test(readText(bytes)) },
];

function hasNul(bytes: Buffer): boolean {
  return bytes.subarray(0, 64).includes(0);
}

function isAt(bytes: Buffer, text: string): boolean {
  return bytes.toString('latin1', 0, text.length) === text;
}

/** The same four bytes begin a universal binary of macOS; class files have a version of 45 or more there. */
function isJavaClass(bytes: Buffer): boolean {
  return bytes.length > 8 && bytes.readUInt32BE(0) === 0xcafebabe && bytes.readUInt16BE(6) >= 45;
}

/** The first characters, also of UTF-16 with a byte order mark. */
function readText(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString('utf16le', 2, 100);
  const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  return bytes.toString('latin1', start, start + 50);
}

const ole = begins(0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1);
const zips = [begins(0x50, 0x4b, 3, 4), begins(0x50, 0x4b, 5, 6), begins(0x50, 0x4b, 7, 8)];
const gzip = begins(0x1f, 0x8b, 8);

/** What can be looked into further. */
export function recogniseContainer(head: Uint8Array): ContentKind {
  const bytes = asBuffer(head);
  if (zips.some((matches) => matches(bytes))) return 'zip';
  if (gzip(bytes)) return 'gzip';
  if (isAt(bytes, 'Rar!\x1a\x07')) return 'rar';
  if (ole(bytes)) return 'ole';
  if (bytes.toString('latin1', 257, 262) === 'ustar') return 'tar';
  return /^(Received|Return-Path|From|Message-ID|MIME-Version|Date|Subject|X-Trasporto|X-Ricevuta):/i.test(
    bytes.toString('latin1', 0, 20),
  )
    ? 'message'
    : 'other';
}

/** CLSID {000C1084-0000-0000-C000-000000000046} of an installer's root storage, as it stands in the file. */
const installer = Buffer.from('84100c0000000000c000000000000046', 'hex');
/** The directory entry of a macro project, UTF-16. */
const macroProject = Buffer.from('_VBA_PROJECT', 'utf16le');

/** A compound file of the old office formats: an installer, or a document with macros? */
export function readCompoundFile(bytes: Uint8Array): {
  readonly installer: boolean;
  readonly macros: boolean;
} {
  const buffer = asBuffer(bytes);
  return { installer: buffer.includes(installer), macros: buffer.includes(macroProject) };
}
