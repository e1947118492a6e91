/**
 * Random commands, whole and damaged, against the real server: each gets one well-formed answer, nothing is a
 * bug, and the connection goes on.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { ImapTestClient } from '../../support/imap-client.ts';
import { addresses, type ImapTestServer, password, startImapServer } from '../../support/imap-server.ts';
import { deliver, readMessage } from '../../support/imap-transcript.ts';

const numRuns = Number(process.env.FUZZ_RUNS ?? 400);

let server: ImapTestServer;
const bugs: unknown[] = [];

before(async () => {
  const nothing = () => undefined;
  server = await startImapServer({
    limits: { badCommands: Number.POSITIVE_INFINITY, commandBytes: 4096 },
    log: {
      connected: nothing,
      turnedAway: nothing,
      tlsFailed: nothing,
      loggedIn: nothing,
      loginFailed: nothing,
      closed: nothing,
      bug: ({ error }) => bugs.push(error),
    },
  });
  for (const file of ['note.eml', 'pec.eml', 'html.eml']) await deliver(server, 'INBOX', readMessage(file));
});

after(() => server.close());

const word = fc.constantFrom(
  ...['CAPABILITY', 'NOOP', 'SELECT', 'EXAMINE', 'CREATE', 'DELETE', 'RENAME', 'SUBSCRIBE', 'LIST', 'LSUB'],
  ...[
    'STATUS',
    'APPEND',
    'CHECK',
    'CLOSE',
    'EXPUNGE',
    'SEARCH',
    'FETCH',
    'STORE',
    'COPY',
    'MOVE',
    'UID',
    'ID',
  ],
  ...['ENABLE', 'NAMESPACE', 'GETQUOTA', 'GETQUOTAROOT', 'UNSELECT', 'SORT', 'THREAD', 'IDLED', 'REPLACE'],
  ...[
    'INBOX',
    'Drafts',
    'inbox',
    'Manca',
    '"a b"',
    '""',
    '*',
    '%',
    '1:*',
    '1',
    '2:3',
    '$',
    '4294967295',
    '0',
  ],
  ...['FLAGS', '+FLAGS', '-FLAGS.SILENT', '(\\Seen)', '(\\Deleted $x)', '\\Recent', '(', ')', '((', '(())'],
  ...['BODY[]', 'BODY[1.2.MIME]', 'BODY.PEEK[HEADER.FIELDS (From To)]', 'BODYSTRUCTURE', 'ENVELOPE', 'UID'],
  ...[
    'BINARY[1]',
    'BINARY.SIZE[1.2]',
    'BODY[1.3.2.1]<1.2>',
    'RFC822',
    'ALL',
    'FULL',
    'MODSEQ',
    '(FLAGS UID)',
  ],
  ...[
    '(CHANGEDSINCE 1)',
    '(UNCHANGEDSINCE 0)',
    'RETURN (MIN COUNT)',
    'RETURN ()',
    'RETURN (SAVE)',
    'CHARSET UTF-8',
  ],
  ...[
    'FROM',
    'TEXT',
    'x',
    'NOT',
    'OR',
    'SEEN',
    'SINCE 1-Jan-2026',
    'HEADER',
    'MODSEQ 1',
    'BODY perché',
    'NIL',
  ],
  ...[
    '(MESSAGES UIDNEXT)',
    'RETURN (STATUS (MESSAGES))',
    '(SUBSCRIBED RECURSIVEMATCH)',
    '("name" "x")',
    'CONDSTORE',
  ],
  ...[
    '{3+}\r\nabc',
    '{0+}\r\n',
    '~{2+}\r\n\0\0',
    '{5+}\r\n{9+}\r',
    '"\\"',
    '{999}',
    'QRESYNC',
    '(QRESYNC (1 1))',
  ],
  ...[
    '(DATE)',
    '(REVERSE ARRIVAL)',
    'UTF-8',
    'REFERENCES',
    'ORDEREDSUBJECT',
    'US-ASCII',
    '{',
    '}',
    '\\',
    '&AOA-',
  ],
);

/** Mostly well-formed, sometimes with a byte changed, lost or doubled. */
const line = fc
  .tuple(fc.array(word, { minLength: 1, maxLength: 8 }), fc.option(fc.nat(), { freq: 3 }), fc.nat(255))
  .map(([words, damage, byte]) => {
    const bytes = Buffer.from(words.join(' '), 'utf8');
    if (damage === null || bytes.length === 0) return bytes;
    const at = damage % bytes.length;
    if (byte < 60) return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
    if (byte < 120) return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at)]);
    // Line ends would make two commands of one.
    bytes[at] = byte === 10 || byte === 13 ? 32 : byte;
    return bytes;
  });

test('every command is answered, none is a bug', async () => {
  const client = ImapTestClient.connect(server, true);
  await client.readLine();
  await client.command('login', `LOGIN ${addresses[0]} "${password}"`);
  await client.command('sel', 'SELECT INBOX');
  let serial = 0;
  await fc.assert(
    fc.asyncProperty(line, async (bytes) => {
      serial++;
      client.write(Buffer.concat([Buffer.from(`t${serial} `), bytes, Buffer.from('\r\n')]));
      // A literal may have swallowed the line end: one more line, then a command that is always right.
      client.write(`\r\nsync${serial} NOOP\r\n`);
      const answers: string[] = [];
      for (;;) {
        const answer = await client.readLine();
        if (answer.startsWith(`sync${serial} `)) break;
        answers.push(answer);
        // A synchronizing literal was announced: the next lines are taken as its bytes until it is full.
        if (answer === '+ Ready for the literal')
          client.write(`${' '.repeat(999)}\r\nsync${serial} NOOP\r\n`);
      }
      const tagged = answers.filter((answer) => answer.startsWith(`t${serial} `));
      for (const answer of tagged) assert.match(answer, /^t\d+ (?:OK|NO|BAD) (?:\[[^\]]+\] )?\S/);
      assert.deepEqual(bugs, []);
    }),
    { numRuns },
  );
  client.destroy();
});
