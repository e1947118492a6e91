/** Python's imaplib, on which getmail, offlineimap and countless scripts stand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openScene, storedFlags, storedMessages } from '../support/imap-interop.ts';
import { readMessage } from '../support/imap-transcript.ts';

const script = `
import email, imaplib, ssl, sys
mode, port, ca, user, password = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
if mode == 'imaps':
    box = imaplib.IMAP4_SSL('localhost', int(port), ssl_context=context)
else:
    box = imaplib.IMAP4('localhost', int(port))
    try:
        box.login(user, password)
        sys.exit('a password was taken without TLS')
    except imaplib.IMAP4.error as error:
        assert 'PRIVACYREQUIRED' in str(error), error
    box.starttls(context)
try:
    box.login(user, 'sbagliata')
    sys.exit('a wrong password was taken')
except imaplib.IMAP4.error as error:
    assert 'AUTHENTICATIONFAILED' in str(error), error
box.authenticate('PLAIN', lambda _: b'\\0' + user.encode() + b'\\0' + password.encode())

def ok(answer):
    assert answer[0] == 'OK', answer
    return answer[1]

ok(box.enable('CONDSTORE'))
assert ok(box.select('INBOX')) == [b'3']
assert ok(box.search(None, 'ALL')) == [b'1 2 3']
assert ok(box.search('UTF-8', 'SUBJECT', 'offerta')) == [b'2']
data = ok(box.fetch('2', '(RFC822 UID INTERNALDATE)'))
message = email.message_from_bytes(data[0][1])
assert message['X-Trasporto'] == 'posta-certificata'
original = message.get_payload()[0].get_payload()[2].get_payload()[0]
assert original['Subject'] == 'Offerta'
whole = data[0][1]
part = ok(box.fetch('2', '(BODY.PEEK[1.3])'))[0][1]
assert part in whole and part.startswith(b'From: mario.rossi')
literal = ok(box.fetch('2', '(BODY.PEEK[]<10.20>)'))[0][1]
assert literal == whole[10:30]
ok(box.append('Drafts', '(\\\\Draft $Bozza)', imaplib.Time2Internaldate(0), b'Subject: da python\\r\\n\\r\\nriga\\r\\n'))
ok(box.create('"Uffici/Sede &AOg-"'))
ok(box.subscribe('"Uffici/Sede &AOg-"'))
names = ok(box.list('""', '"Uffici*"'))
assert names[-1].endswith(b'"Uffici/Sede &AOg-"'), names
ok(box.uid('COPY', '2', '"Uffici/Sede &AOg-"'))
ok(box.store('1', '+FLAGS.SILENT', '(\\\\Deleted)'))
assert ok(box.expunge()) == [b'1']
ok(box.uid('MOVE', '3', 'Trash'))
assert b'MESSAGES 1' in ok(box.status('INBOX', '(MESSAGES UNSEEN)'))[0]
assert b'STORAGE' in ok(box.getquotaroot('INBOX'))[1][0]
assert b'NAMESPACE' not in ok(box.namespace())[0]
ok(box.noop())
ok(box.close())
box.logout()
sys.stdout.buffer.write(whole)
`;

for (const mode of ['imaps', 'imap'] as const) {
  test(`imaplib over ${mode === 'imap' ? 'STARTTLS' : 'TLS'}`, async (t) => {
    const { server, caFile, user, password, run, write } = await openScene(t, mode);
    const file = write('script.py', script);
    const printed = await run('python3', [file, mode, `${server.port}`, caFile, user, password]);
    assert.equal(printed, readMessage('pec.eml').toString('latin1'));
    assert.equal(
      (await storedMessages(server, 'Drafts'))[0]?.toString(),
      'Subject: da python\r\n\r\nriga\r\n',
    );
    assert.deepEqual(await storedFlags(server, 'Drafts'), ['$Bozza \\Draft']);
    assert.deepEqual(await storedMessages(server, 'Uffici/Sede è'), [readMessage('pec.eml')]);
  });
}
