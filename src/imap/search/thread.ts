/** What both threading algorithms of RFC 5256 work on and give back. */
import type { Instant } from '../../lib/time.ts';
import type { BaseSubject } from './base-subject.ts';
import type { KeyKind, Links } from './header-keys.ts';
import { type MessageFacts, sentAt } from './message-facts.ts';

export interface ThreadMessage extends Links {
  readonly uid: number;
  readonly sentAt: Instant;
  readonly subject: BaseSubject;
}

/** A message and its answers; a thread whose first message is not there has no UID. */
export interface Thread {
  readonly uid: number | undefined;
  readonly children: readonly Thread[];
}

/** The keys of headers that threads are made of. */
export const threadKinds: readonly KeyKind[] = ['sent', 'subject', 'links'];

const noSubject: BaseSubject = { text: '', isReply: false };

export function toThreadMessage(facts: MessageFacts): ThreadMessage {
  const { record, keys } = facts;
  return {
    uid: record.uid,
    sentAt: sentAt(facts),
    subject: keys.subject ?? noSubject,
    id: keys.links?.id,
    references: keys.links?.references ?? [],
  };
}

/** Earlier first; what was sent at the same time stays in the order of the folder. */
export function compareBySentDate(a: ThreadMessage, b: ThreadMessage): number {
  return a.sentAt - b.sentAt || a.uid - b.uid;
}

/**
 * `(2)(3 6 (4 23)(44 7 96))`: a line of single answers is a list, a fork a list of lists (RFC 5256 §4). Walks
 * with a stack of its own: threads may be deeper than JavaScript's.
 */
export function formatThreads(threads: readonly Thread[], nameOf: (uid: number) => number): string {
  const out: string[] = [];
  const work: (Thread | string)[] = threads.flatMap((thread) => ['(', thread, ')']).reverse();
  for (let next = work.pop(); next !== undefined; next = work.pop()) {
    if (typeof next === 'string') {
      out.push(next);
      continue;
    }
    const { uid, children } = next;
    if (uid !== undefined) out.push(`${nameOf(uid)}`);
    const [only] = children;
    if (only === undefined) continue;
    if (uid !== undefined) out.push(' ');
    if (children.length === 1) work.push(only);
    else for (const child of children.toReversed()) work.push(')', child, '(');
  }
  return out.join('');
}
