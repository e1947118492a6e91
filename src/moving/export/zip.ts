/** A ZIP archive of `.eml` files: folders kept, files named by UID, dated by internal date. */
import { crc32 } from 'node:zlib';
import type { Clock } from '../../lib/time.ts';
import { type ExportWriter, listName } from './export-writer.ts';
import { FilePaths } from './file-names.ts';
import type { SnapshotFolder, SnapshotMessage } from './mailbox-snapshot.ts';
import type { ReadableMessage } from './readable-message.ts';
import { ZipWriter } from './zip-writer.ts';

export interface ZipTarget {
  readonly write: (bytes: Uint8Array) => Promise<void>;
  readonly close: () => Promise<void>;
}

export function createZip(target: ZipTarget, clock: Clock): ExportWriter {
  const zip = new ZipWriter(target.write);
  const paths = new FilePaths([listName]);
  let path = '';
  const noBytes = { size: 0, crc32: 0 };
  return {
    async beginFolder({ name }: SnapshotFolder) {
      path = paths.levelsOf(name).join('/');
      await zip.add({ ...noBytes, name: `${path}/`, at: clock() }, []);
    },
    async addMessage({ uid, internalDate }: SnapshotMessage, content: ReadableMessage) {
      const name = `${path}/${String(uid).padStart(8, '0')}.eml`;
      const { size, crc32: sum } = content;
      await zip.add({ name, at: internalDate, size, crc32: sum }, content.chunks());
      return name;
    },
    async endFolder() {},
    async finish(list: Uint8Array) {
      await zip.add({ name: listName, at: clock(), size: list.length, crc32: crc32(list) }, [list]);
      await zip.finish();
      await target.close();
    },
  };
}
