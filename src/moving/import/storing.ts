/**
 * From bytes of another provider to messages here: blobs first, then one transaction with the messages and the entries
 * that say they were imported.
 */
import { createHash } from 'node:crypto';
import type { BlobStore } from '../../blob/blob-store.ts';
import type { Database } from '../../db/database.ts';
import type { Segments } from '../../lib/segments.ts';
import type { Clock, Instant } from '../../lib/time.ts';
import { appendMessages, identify } from '../../mailbox/append.ts';
import { parseFlags } from '../../mailbox/flags.ts';
import type { MailStore } from '../../mailbox/mail-store.ts';
import { StoreError } from '../../mailbox/store-error.ts';
import { claimImported, noteImported, notePlace } from './import-rows.ts';

export interface ImportStores {
  readonly db: Database;
  readonly blobs: BlobStore;
  readonly mail: MailStore;
  readonly clock: Clock;
}

/** Bytes that are durable; no message yet. */
export interface Received {
  readonly uid: number;
  readonly segments: Segments;
  readonly size: number;
  readonly sha256: Uint8Array;
  readonly flags: readonly string[];
  readonly internalDate: Instant | undefined;
}

/** Makes the bytes durable, with their digest. */
export async function receive(
  mail: MailStore,
  source: AsyncIterable<Uint8Array>,
): Promise<Pick<Received, 'segments' | 'size' | 'sha256'>> {
  const digest = createHash('sha256');
  let size = 0;
  const measured = async function* () {
    for await (const chunk of source) {
      digest.update(chunk);
      size += chunk.length;
      yield chunk;
    }
  };
  const segments = await mail.storeContent(measured());
  return { segments, size, sha256: digest.digest() };
}

export interface ImportTarget {
  readonly importId: number;
  readonly uidValidity: number;
  readonly folderId: number;
}

/** As many as a message here may have. */
const mostFlags = 100;

/** @throws {StoreError} `over-quota`, `nonexistent`: nothing of it was stored then. */
export async function storeMessages(
  { db, blobs, clock }: ImportStores,
  { importId, uidValidity, folderId }: ImportTarget,
  received: readonly Received[],
): Promise<{ readonly imported: number; readonly known: number }> {
  const identified = await Promise.all(
    received.map(async (message) => {
      const { segments: content, internalDate = clock() } = message;
      const flags = chooseFlags(message.flags);
      return { ...message, message: await identify(blobs, { content, flags, internalDate }) };
    }),
  );
  return db.transact(async (tx) => {
    const fresh: typeof identified = [];
    for (const one of identified) {
      if (await claimImported(tx, importId, { ...one, uidValidity })) continue;
      if (await noteImported(tx, importId, { ...one, uidValidity })) fresh.push(one);
    }
    const terms = { at: clock(), readMarks: async () => [] };
    const messages = fresh.map(({ message }) => message);
    const { uids } = messages.length > 0 ? await appendMessages(tx, folderId, messages, terms) : { uids: [] };
    for (const [index, localUid] of uids.entries()) {
      const { uid = 0, message } = fresh[index] ?? {};
      const place = { uid, folderId, localUid, flags: message?.flags ?? [] };
      await notePlace(tx, { importId, uidValidity }, place);
    }
    return { imported: fresh.length, known: received.length - fresh.length };
  });
}

/** Those of the flags there that a message here may have. */
export function chooseFlags(flags: readonly string[]): string[] {
  return flags.filter(isStorable).slice(0, mostFlags);
}

/** Flags of other servers that no flag is here are left behind. */
function isStorable(flag: string): boolean {
  try {
    parseFlags([flag]);
    return true;
  } catch (error) {
    if (error instanceof StoreError) return false;
    throw error;
  }
}
