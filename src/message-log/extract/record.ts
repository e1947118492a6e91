/** The entry that says that an extract was made: for whom, of what, and which document it was. */
import { hash } from 'node:crypto';
import type { Instant } from '../../lib/time.ts';
import type { ExtractedEvent } from '../../pec/events.ts';
import type { LogSearch } from '../search.ts';

export interface MadeExtract {
  readonly at: Instant;
  readonly requestedBy: string;
  readonly format: string;
  readonly search: LogSearch;
  readonly entries: number;
  readonly document: Uint8Array;
}

/** To be appended before the document is handed out. */
export function buildExtractEvent({
  at,
  requestedBy,
  format,
  entries,
  document,
  search,
}: MadeExtract): ExtractedEvent {
  const { sender, recipient, mailbox } = search;
  return {
    type: 'extracted',
    at,
    requestedBy,
    format,
    entries,
    facts: { identificativo: '', msgid: undefined, sender: '', recipients: [], replyTo: '', subject: '' },
    sendingProvider: '',
    generated: [],
    search: { ...search },
    about: [mailbox, sender, recipient].filter((address) => address !== undefined),
    documentSha256: hash('sha256', document, 'hex'),
  };
}
