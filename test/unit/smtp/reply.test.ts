import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MailError } from '../../../src/lib/mail-error.ts';
import { buildReply, foldToAscii, splitStatus, wrapReplyText } from '../../../src/smtp/reply.ts';

test('a MailError is its own reply', () => {
  const error = new MailError('denied', 'No', { code: 553, enhanced: '5.7.1' }, new Error('inside'));
  assert.deepEqual(buildReply(error), { code: 553, enhanced: '5.7.1', text: 'No' });
});

test('anything else is 451 with an id, and says nothing of the inside', () => {
  for (const thrown of [new Error('SQLITE_CORRUPT'), 'a string', undefined]) {
    const { code, enhanced, text, faultId } = buildReply(thrown);
    assert.equal(code, 451);
    assert.equal(enhanced, '4.3.0');
    assert.match(faultId ?? '', /^[0-9a-f]{8}$/);
    assert.ok(text.includes(faultId ?? '!') && !text.includes('SQLITE'));
  }
});

test('texts leave in printable ASCII, on one line', () => {
  assert.equal(
    foldToAscii('Non è possibile: «più tardi» – c’è tempo'),
    'Non e possibile: "piu tardi" - c\'e tempo',
  );
  assert.equal(foldToAscii('a\r\n250 ok\tb\0\u{1f600}'), 'a 250 ok b???');
});

test('long texts are cut at blanks; nothing is lost', () => {
  const text = 'parola '.repeat(200).trim();
  const lines = wrapReplyText(text);
  assert.ok(lines.length > 3 && lines.every((line) => line.length <= 400));
  assert.equal(lines.join(' '), text);
  assert.deepEqual(
    wrapReplyText('x'.repeat(900)).map((line) => line.length),
    [400, 400, 100],
  );
});

test('a status is split off only if it fits the code', () => {
  assert.deepEqual(splitStatus(550, '5.7.1 No'), { enhanced: '5.7.1', text: 'No' });
  assert.deepEqual(splitStatus(450, '5.7.1 No'), { enhanced: undefined, text: '5.7.1 No' });
  assert.deepEqual(splitStatus(550, 'Version 5.7.1 is old'), {
    enhanced: undefined,
    text: 'Version 5.7.1 is old',
  });
});
