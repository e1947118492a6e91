/** Telling annotations (RFC 5464 §4.4.1), to GETMETADATA and to LIST (RFC 9590). */
import type { Annotation, AnnotationSubject } from '../mailbox/annotations.ts';
import type { Session } from './session.ts';
import { formatEntry, formatValue, type MetadataOptions } from './wire/metadata-entries.ts';

export interface MetadataQuestion extends MetadataOptions {
  readonly entries: readonly string[];
}

/** The annotations meant, and what was named and is not there. */
function choose(annotations: readonly Annotation[], { entries, depth }: MetadataQuestion) {
  const found = annotations.filter(({ entry }) =>
    entries.some((named) => {
      if (entry === named) return true;
      if (!entry.startsWith(`${named}/`)) return false;
      return entry.slice(named.length + 1).split('/').length <= depth;
    }),
  );
  const known = new Set(annotations.map(({ entry }) => entry));
  const missing = depth > 0 ? [] : entries.filter((entry) => !known.has(entry));
  return { found, missing };
}

/**
 * Writes the METADATA response, if there is something to say.
 * @param mailbox as the client named it; empty for the server
 * @returns bytes of the longest value, told or not
 */
export async function tellAnnotations(
  session: Session,
  mailbox: string,
  subject: AnnotationSubject,
  question: MetadataQuestion,
): Promise<number> {
  const { found, missing } = choose(await session.store.annotations(subject), question);
  const told = found.filter(({ value }) => value.length <= question.maxSize);
  const pairs = [...told, ...missing.map((entry) => ({ entry, value: undefined }))].map(
    ({ entry, value }) => `${formatEntry(entry)} ${formatValue(value)}`,
  );
  const name = mailbox === '' ? '""' : session.formatMailbox(mailbox);
  if (pairs.length > 0) session.untagged(`METADATA ${name} (${pairs.join(' ')})`);
  return Math.max(0, ...found.map(({ value }) => value.length));
}
