/** Threads as sessions ask for them: what is not known yet is read and kept first. */
import { type ContentParts, loadStructure } from '../content/structure.ts';
import { MailError } from '../lib/mail-error.ts';
import type { MailStore } from './mail-store.ts';
import { readThreadReferences } from './thread-references.ts';
import { assignThreads, type Referring, readThreads } from './threads.ts';

/** Contents whose threads are worked out in one transaction. */
const batch = 100;

export function createThreadMethods(parts: ContentParts): Pick<MailStore, 'threads'> {
  const { db } = parts;
  return {
    threads: async (mailboxId, contentIds) => {
      const known = await db.read((tx) => readThreads(tx, mailboxId, contentIds));
      const open = contentIds.filter((contentId) => !known.has(contentId));
      for (let from = 0; from < open.length; from += batch) {
        const few = await readReferring(parts, open.slice(from, from + batch));
        await db.transact((tx) => assignThreads(tx, mailboxId, few));
      }
      const all = open.length === 0 ? known : await db.read((tx) => readThreads(tx, mailboxId, contentIds));
      return new Map([...all].map(([contentId, threadId]) => [contentId, `T${threadId}`]));
    },
  };
}

/** Without those that cannot be read now: they are asked for again. */
async function readReferring(parts: ContentParts, contentIds: readonly number[]): Promise<Referring[]> {
  const referring: Referring[] = [];
  for (const contentId of contentIds) {
    try {
      referring.push({ contentId, references: readThreadReferences(await loadStructure(parts, contentId)) });
    } catch (error) {
      if (!(error instanceof MailError)) throw error;
    }
  }
  return referring;
}
