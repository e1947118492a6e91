import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { MessageFacts } from '../../../../src/imap/search/message-facts.ts';
import { readSortKeys, sortMessages } from '../../../../src/imap/search/sort.ts';
import { Arguments } from '../../../../src/imap/wire/arguments.ts';

const subjects = ['OFFERTA', 'BANDO', '', 'ZETA', 'GARA', 'CITTA\u0300'];
const letter = (uid: number): MessageFacts => ({
  record: { uid, modseq: 1, flags: [], size: 1, internalDate: uid, savedAt: 0, contentId: uid },
  keys: { subject: { text: subjects[(uid * 7919) % subjects.length] ?? '', isReply: false } },
});

/** By comparing all texts, each time. */
function sortPlainly(letters: readonly MessageFacts[], reverse: boolean): number[] {
  const sign = reverse ? -1 : 1;
  const textOf = ({ keys }: MessageFacts) => keys.subject?.text ?? '';
  const compare = (a: MessageFacts, b: MessageFacts) =>
    textOf(a) === textOf(b) ? a.record.uid - b.record.uid : textOf(a) < textOf(b) ? -sign : sign;
  return [...letters].sort(compare).map(({ record }) => record.uid);
}

it('sorts a large folder the same when it remembers the places of the last time', () => {
  const keysOf = (text: string) => readSortKeys(new Arguments([text]));
  const letters = Array.from({ length: 700 }, (_, index) => letter(index + 1));
  const later = [...letters, letter(701), letter(702)];
  const sort = (some: readonly MessageFacts[], keys: string) =>
    sortMessages(some, keysOf(keys)).map(({ uid }) => uid);
  for (const some of [letters, letters, letters.slice(50, 650), later, later]) {
    assert.deepEqual(sort(some, '(SUBJECT)'), sortPlainly(some, false));
    assert.deepEqual(sort(some, '(REVERSE SUBJECT)'), sortPlainly(some, true));
  }
});
