/** THREAD=ORDEREDSUBJECT (RFC 5256 §3): one thread a base subject, no grandchildren. */
import { compareBySentDate, type Thread, type ThreadMessage } from './thread.ts';

export function threadBySubject(messages: readonly ThreadMessage[]): Thread[] {
  const bySubject = new Map<string, ThreadMessage[]>();
  for (const message of [...messages].sort(compareBySentDate)) {
    const thread = bySubject.get(message.subject.text);
    if (thread === undefined) bySubject.set(message.subject.text, [message]);
    else thread.push(message);
  }
  // A map keeps the order of first insertion, which is the sent date of each thread's first message.
  return [...bySubject.values()].map(([first, ...answers]) => ({
    uid: first?.uid,
    children: answers.map(({ uid }) => ({ uid, children: [] })),
  }));
}
