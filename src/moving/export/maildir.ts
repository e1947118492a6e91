/**
 * Maildir++ as Dovecot, mutt and Python read it: the inbox in the folder itself, others as `.Name.Below`, names in
 * modified UTF-7, flags in file names, keywords as letters with `dovecot-keywords` beside them. Files hold the bytes of
 * the message as they are, their time is its internal date.
 */
import { mkdir, rename, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ExportWriter, listName } from './export-writer.ts';
import { FileNames } from './file-names.ts';
import type { SnapshotFolder, SnapshotMessage } from './mailbox-snapshot.ts';
import { openNewFile, takeEmptyFolder, writeAll } from './new-folder.ts';
import type { ReadableMessage } from './readable-message.ts';

/** @throws {PlaceError} when `folder` is neither new nor empty. */
export async function createMaildir(folder: string): Promise<ExportWriter> {
  await takeEmptyFolder(folder);
  return new Maildir(folder);
}

const flagLetters: readonly (readonly [flag: string, letter: string])[] = [
  ['\\draft', 'D'],
  ['\\flagged', 'F'],
  ['$forwarded', 'P'],
  ['\\answered', 'R'],
  ['\\seen', 'S'],
  ['\\deleted', 'T'],
];
const mostKeywords = 26;

class Maildir implements ExportWriter {
  readonly #root: string;
  readonly #names = new FileNames(['cur', 'new', 'tmp', listName]);
  #folder: SnapshotFolder | undefined;
  /** Below the root; empty for the inbox. */
  #place = '';
  #keywords = new Map<string, string>();

  constructor(root: string) {
    this.#root = root;
  }

  async beginFolder(folder: SnapshotFolder): Promise<void> {
    this.#folder = folder;
    this.#place = folder.name === 'INBOX' ? '' : this.#names.nameOf(folder.name, toMaildirName);
    for (const part of ['cur', 'new', 'tmp'])
      await mkdir(join(this.#root, this.#place, part), { recursive: true, mode: 0o700 });
    this.#keywords = collectKeywords(folder.messages);
    if (this.#place !== '') await this.#write('maildirfolder', '');
    if (this.#keywords.size > 0)
      await this.#write(
        'dovecot-keywords',
        [...this.#keywords.values()].map((keyword, index) => `${index} ${keyword}\n`).join(''),
      );
  }

  async addMessage(message: SnapshotMessage, content: ReadableMessage): Promise<string> {
    const seconds = Math.floor(message.internalDate / 1000);
    const unique = `${seconds}.V${this.#folder?.uidValidity ?? 0}U${message.uid}.openpec`;
    const temporary = join(this.#root, this.#place, 'tmp', unique);
    const name = `${unique},S=${content.size}:2,${this.#lettersOf(message.flags)}`;
    const file = await openNewFile(temporary);
    try {
      for await (const chunk of content.chunks()) await writeAll(file, chunk);
      await file.close();
    } catch (error) {
      await file.close().catch(() => undefined);
      await unlink(temporary);
      throw error;
    }
    await utimes(temporary, seconds, seconds);
    await rename(temporary, join(this.#root, this.#place, 'cur', name));
    return [this.#place, 'cur', name].filter((level) => level !== '').join('/');
  }

  async endFolder(): Promise<void> {}

  async finish(list: Uint8Array): Promise<void> {
    await writeFile(join(this.#root, listName), list, { mode: 0o600, flag: 'wx' });
  }

  #write(name: string, text: string): Promise<void> {
    return writeFile(join(this.#root, this.#place, name), text, { mode: 0o600, flag: 'wx' });
  }

  #lettersOf(flags: readonly string[]): string {
    const keys = new Set(flags.map((flag) => flag.toLowerCase()));
    const system = flagLetters.flatMap(([flag, letter]) => (keys.has(flag) ? [letter] : []));
    const keywords = [...this.#keywords.keys()].flatMap((key, index) =>
      keys.has(key) ? [String.fromCharCode(0x61 + index)] : [],
    );
    return [...system, ...keywords].join('');
  }
}

/** Lower case → as first written, at most as many as there are letters. */
function collectKeywords(messages: readonly SnapshotMessage[]): Map<string, string> {
  const known = new Set(flagLetters.map(([flag]) => flag));
  const keywords = new Map<string, string>();
  for (const { flags } of messages)
    for (const flag of flags) {
      const key = flag.toLowerCase();
      if (!known.has(key) && !keywords.has(key) && keywords.size < mostKeywords) keywords.set(key, flag);
    }
  return keywords;
}

/** `.` separates levels, so in a name it is replaced. */
function toMaildirName(name: string): string {
  const levels = name.split('/').map((level) => encodeModifiedUtf7(level.replace(/[.\p{Cc}]/gu, '_')));
  return `.${levels.join('.')}`;
}

/** RFC 3501 §5.1.3. */
function encodeModifiedUtf7(text: string): string {
  return text.replace(/&|[^\x20-\x7e]+/g, (run) => {
    if (run === '&') return '&-';
    const utf16 = Buffer.from(run, 'utf16le').swap16();
    return `&${utf16.toString('base64').replace(/=+$/, '').replaceAll('/', ',')}-`;
  });
}
