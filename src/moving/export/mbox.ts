/**
 * One mbox file for each folder, laid out as Thunderbird keeps its local folders: `Name`, and `Name.sbd/` with the folders
 * below. Quoted as mboxrd, so that every message can be had back; flags and dates are in the list of messages.
 */
import type { FileHandle } from 'node:fs/promises';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Instant } from '../../lib/time.ts';
import { type ExportWriter, listName } from './export-writer.ts';
import { FilePaths } from './file-names.ts';
import type { SnapshotFolder, SnapshotMessage } from './mailbox-snapshot.ts';
import { MboxQuoting } from './mbox-quoting.ts';
import { openNewFile, takeEmptyFolder, writeAll } from './new-folder.ts';
import type { ReadableMessage } from './readable-message.ts';

/** @throws {PlaceError} when `folder` is neither new nor empty. */
export async function createMboxes(folder: string): Promise<ExportWriter> {
  await takeEmptyFolder(folder);
  return new Mboxes(folder);
}

class Mboxes implements ExportWriter {
  readonly #root: string;
  readonly #paths = new FilePaths([listName]);
  #file: FileHandle | undefined;
  #path = '';
  #end = 0;

  constructor(root: string) {
    this.#root = root;
  }

  async beginFolder({ name }: SnapshotFolder): Promise<void> {
    const levels = this.#paths.levelsOf(name).map((level) => level.replace(/\.sbd$/i, '_sbd'));
    this.#path = levels
      .map((level, index) => (index === levels.length - 1 ? level : `${level}.sbd`))
      .join('/');
    this.#file = await openNewFile(join(this.#root, this.#path));
    this.#end = 0;
  }

  async addMessage({ internalDate }: SnapshotMessage, content: ReadableMessage): Promise<string> {
    const before = this.#end;
    const quoting = new MboxQuoting();
    try {
      await this.#write(Buffer.from(`From MAILER-DAEMON ${formatAsctime(internalDate)}\n`));
      for await (const chunk of content.chunks()) await this.#write(quoting.push(chunk));
      await this.#write(quoting.end());
      await this.#write(Buffer.from('\n'));
    } catch (error) {
      await this.#file?.truncate(before);
      this.#end = before;
      throw error;
    }
    return this.#path;
  }

  async endFolder(): Promise<void> {
    await this.#file?.sync();
    await this.#file?.close();
    this.#file = undefined;
  }

  async finish(list: Uint8Array): Promise<void> {
    await writeFile(join(this.#root, listName), list, { mode: 0o600, flag: 'wx' });
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (this.#file === undefined) throw new Error('no folder was begun');
    await writeAll(this.#file, bytes, this.#end);
    this.#end += bytes.length;
  }
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** As asctime(3), in UTC: what mbox readers look for. */
function formatAsctime(at: Instant): string {
  const date = new Date(at);
  const time = date.toISOString().slice(11, 19);
  const day = String(date.getUTCDate()).padStart(2, ' ');
  return `${days[date.getUTCDay()]} ${months[date.getUTCMonth()]} ${day} ${time} ${date.getUTCFullYear()}`;
}
