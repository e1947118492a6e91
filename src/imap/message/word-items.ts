/**
 * FETCH items named by one word. An extension adds a line to the table; the rest follows.
 */

import type { MessageRecord, ReadyText } from '../../mailbox/mail-store.ts';
import { formatFlags } from '../announce.ts';
import { becomeCondstoreAware } from '../condstore.ts';
import type { Session } from '../session.ts';
import { formatDateTime } from '../wire/dates.ts';
import { formatString } from '../wire/format.ts';
import { SyntaxProblem, toByteString } from '../wire/syntax.ts';
import { formatBodyStructure } from './body-structure.ts';
import { formatEnvelope } from './envelope.ts';
import { makePreview } from './preview.ts';
import { readTogether, type StoredMessage } from './stored-message.ts';

export type Prepared = ReadonlyMap<number, string>;
/** What is asked of a session, or of a folder that is searched. */
type Asked = Pick<Session, 'store' | 'view'>;
type Preparation = (session: Asked, records: readonly MessageRecord[]) => Promise<Prepared>;

export interface WordItem {
  /** Needs the part tree, which costs a read a message. */
  readonly needsStructure: boolean;
  /** What asking for it switches on. */
  readonly onAsk?: (session: Session) => void;
  /** What is asked of the store for several messages at once, by content. */
  readonly prepare?: Preparation;
  /** The value without its name, a byte string. */
  readonly produce: (
    message: StoredMessage,
    session: Session,
    prepared: Prepared,
  ) => string | Promise<string>;
}

/** A value that stands in the record. */
const fromRecord = (produce: WordItem['produce']): WordItem => ({ needsStructure: false, produce });
/** A value that needs the part tree. */
const fromStructure = (produce: WordItem['produce']): WordItem => ({ needsStructure: true, produce });

/** A value that is made once and kept. One that could not be had with the others is asked for again, to tell why. */
const fromReady = (ready: ReadyText): WordItem => ({
  needsStructure: false,
  prepare: ({ store }, records) =>
    readTogether(store.readyTexts([...new Set(records.map(({ contentId }) => contentId))], ready)),
  produce: (message, _session, prepared) =>
    prepared.get(message.record.contentId) ?? message.structure().then(ready.make),
});

const items: ReadonlyMap<string, WordItem> = new Map<string, WordItem>([
  ['UID', fromRecord(({ record }) => `${record.uid}`)],
  ['FLAGS', fromRecord(({ record }, session) => formatFlags(record, session.view, session.has('IMAP4rev2')))],
  ['INTERNALDATE', fromRecord(({ record }) => `"${formatDateTime(record.internalDate)}"`)],
  ['RFC822.SIZE', fromRecord(({ record }) => `${record.size}`)],
  ['SAVEDATE', fromRecord(({ record }) => `"${formatDateTime(record.savedAt)}"`)],
  // Copies share their content, and no content's number is ever given out again (RFC 8474 §5.1).
  ['EMAILID', fromRecord(({ record }) => `(${emailIdOf(record)})`)],
  [
    'THREADID',
    {
      ...fromRecord(({ record }, _session, threads) => threadOf(threads.get(record.contentId))),
      prepare: loadThreads,
    },
  ],
  [
    'PREVIEW',
    fromStructure(async (message, session) =>
      formatString(toByteString(await makePreview(message)), session.utf8),
    ),
  ],
  ['MODSEQ', { ...fromRecord(({ record }) => `(${record.modseq})`), onAsk: becomeCondstoreAware }],
  ['ENVELOPE', fromReady({ kind: 'envelope', version: 1, make: ({ fields }) => formatEnvelope(fields) })],
  ['BODY', fromStructure(async (message) => formatBodyStructure(await message.structure(), false))],
  [
    'BODYSTRUCTURE',
    fromReady({ kind: 'body-structure', version: 1, make: (root) => formatBodyStructure(root, true) }),
  ],
]);

/** THREADIDs of messages of the selected folder, by content. */
export function loadThreads(session: Asked, records: readonly MessageRecord[]): Promise<Prepared> {
  const contents = new Set(records.map(({ contentId }) => contentId));
  return session.store.threads(session.view.folder.mailboxId, [...contents]);
}

const threadOf = (id: string | undefined) => (id === undefined ? 'NIL' : `(${id})`);

/** EMAILID of RFC 8474. */
export function emailIdOf(record: MessageRecord): string {
  return `M${record.contentId}`;
}

/** @throws {SyntaxProblem} */
export function findWordItem(name: string): WordItem {
  const item = items.get(name);
  if (item === undefined) throw new SyntaxProblem(`There is no FETCH item ${name}`);
  return item;
}
