/**
 * The same mail and the same commands to this server and to Debian's Dovecot: the answers are the same. What
 * each is free to choose (texts, order of flags, empty literals) is left out of the comparison.
 */
import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { startDovecot } from '../support/dovecot.ts';
import { makeFolder } from '../support/folder.ts';
import { ImapTestClient } from '../support/imap-client.ts';
import { addresses, password, startImapServer } from '../support/imap-server.ts';
import { findProgram, skipFor } from './programs.ts';

/** Always the same numbers for the same seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
}

const subjects = [
  ...[
    'Re: a',
    'a',
    'Fwd: a',
    '[lista] a',
    'Re: [lista] b',
    'b (fwd)',
    '[Fwd: b]',
    'c',
    '',
    'RE[2]: c',
    '[x]',
  ],
  ...['Re: Re: città', '=?utf-8?q?citt=C3=A0?=', 'fw: [y] Re: c'],
];
const people = [
  '"Rossi, Mario" <mario@x.it>',
  'anna@y.it',
  'Zeta <z@x.it>',
  '=?utf-8?q?=C3=80?= <q@w.it>',
  '"b" <B@x.it>',
];

const bodies = [
  '\r\nciao mondo\r\n',
  'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nperch=C3=A9 no\r\n',
  'Content-Type: multipart/mixed; boundary="b"\r\n\r\npre\r\n--b\r\n\r\nparte uno\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: dentro\r\nFrom: x@y\r\n\r\nfondo\r\n\r\n--b--\r\nepi\r\n',
  'Content-Type: multipart/alternative; boundary=b; x=y\r\n\r\n--b\r\nContent-Type: text/html; charset=us-ascii\r\nContent-ID: <1@2>\r\nContent-Language: it\r\n\r\n<p>ciao</p>\r\n\r\n--b\r\nContent-Type: application/pdf; name="a b.pdf"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="a b.pdf"; size=3\r\nContent-Description: un file\r\n\r\nJVBE\r\n--b--\r\n',
];

interface Mail {
  readonly text: string;
  readonly flags: string;
  readonly date: string;
}

function makeMail(count: number, seed: number): Mail[] {
  const random = randomOf(seed);
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;
  const ids: string[] = [];
  return Array.from({ length: count }, (_, index) => {
    const id = random(4) === 0 && index > 0 ? pick(ids) : `<m${index}@x>`;
    const references = Array.from({ length: random(4) }, () =>
      ids.length > 0 && random(5) > 0 ? pick(ids) : `<ghost${random(3)}@x>`,
    );
    ids.push(id);
    const header = [`From: ${pick(people)}`, `To: ${pick(people)}, ${pick(people)}`];
    if (random(3) > 0) header.push(`Subject: ${pick(subjects)}`);
    if (random(8) > 0) {
      const time = `${10 + random(10)}:00:0${random(10)} ${pick(['+0000', '-0800', '+0530'])}`;
      header.push(
        `Date: ${pick(['Mon, ', ''])}${1 + random(28)} ${pick(['Jan', 'Feb', 'Nov'])} 202${random(7)} ${time}`,
      );
    }
    if (random(6) > 0) header.push(`Message-ID: ${id}`);
    if (references.length > 0 && random(2) > 0) header.push(`References: ${references.join('\r\n ')}`);
    else if (references[0] !== undefined) header.push(`In-Reply-To: ${references[0]}`);
    if (random(3) === 0) header.push(`Cc: gruppo: ${pick(people)};`);
    const flags = ['\\Seen', '\\Flagged', '\\Answered', '\\Draft', '$Kw']
      .filter(() => random(3) === 0)
      .join(' ');
    const day = `${1 + random(28)}`.padStart(2, '0');
    return {
      text: `${header.join('\r\n')}\r\n${pick(bodies)}`,
      flags,
      date: `${day}-${pick(['Jan', 'Feb'])}-2025 12:00:00 +0000`,
    };
  });
}

const commands = [
  ...[
    'SUBJECT',
    'DATE',
    'REVERSE DATE',
    'ARRIVAL',
    'FROM SUBJECT',
    'TO REVERSE SIZE',
    'CC',
    'DISPLAYFROM',
    'DISPLAYTO',
  ].map((keys) => `SORT (${keys}) UTF-8 ALL`),
  'THREAD REFERENCES UTF-8 ALL',
  'THREAD ORDEREDSUBJECT UTF-8 ALL',
  'UID THREAD REFERENCES UTF-8 SEEN',
  ...[
    'SEEN',
    'UNSEEN FLAGGED',
    'OR ANSWERED KEYWORD $Kw',
    'FROM mario',
    'TO "rossi"',
    'SUBJECT lista',
    'TEXT mario',
  ].map((keys) => `SEARCH ${keys}`),
  ...[
    'CHARSET UTF-8 BODY "perché"',
    'TEXT fondo',
    'SENTSINCE 1-Nov-2023',
    'SENTON 5-Jan-2024',
    'BEFORE 15-Jan-2025',
  ].map((keys) => `SEARCH ${keys}`),
  ...[
    'ON 3-Feb-2025',
    'SINCE 1-Feb-2025',
    'LARGER 300',
    'SMALLER 300',
    'HEADER References ghost',
    'HEADER Cc ""',
  ].map((keys) => `SEARCH ${keys}`),
  ...['NOT (OR SEEN DRAFT) 3:20', 'CC q@w', 'RETURN (MIN MAX COUNT) SEEN', 'RETURN (ALL) UNSEEN'].map(
    (keys) => `SEARCH ${keys}`,
  ),
  'UID SEARCH UID 5:10,20:*',
  'FETCH 1:* (FLAGS INTERNALDATE RFC822.SIZE UID)',
  'FETCH 1:* ENVELOPE',
  'FETCH 1:* BODY',
  'FETCH 1:* BODYSTRUCTURE',
  ...[
    'HEADER',
    '1',
    '1.MIME',
    'TEXT',
    'HEADER.FIELDS (SUBJECT FROM)',
    'HEADER.FIELDS.NOT (SUBJECT FROM)',
  ].map((section) => `FETCH 1:* BODY.PEEK[${section}]`),
  'FETCH 1:* BODY.PEEK[]<10.30>',
  'FETCH 1:* BINARY.SIZE[1]',
  'UID FETCH 99999 FLAGS',
  'FETCH 99999 FLAGS',
  'LIST "" ""',
  'LIST "" INBOX',
];

/** Texts for people, order of flags and \Recent are each server's own. */
function plain(lines: readonly string[]): string[] {
  return (
    lines
      .filter((line) => !/^\* (?:OK|\d+ RECENT|FLAGS)/.test(line))
      .map((line) =>
        line.replace(/^(\w+ (?:OK|NO|BAD)).*/, '$1').replace(/FLAGS \(([^)]*)\)/, (_all, flags: string) => {
          const kept = flags.split(' ').filter((flag) => flag !== '' && flag !== '\\Recent');
          return `FLAGS (${kept.sort().join(' ')})`;
        }),
      )
      // An empty value may be a literal of no bytes.
      .map((line) => line.replace(/ \{0\}$/, ' ""'))
  );
}

async function fill(client: ImapTestClient, mail: readonly Mail[]): Promise<void> {
  for (const { text, flags, date } of mail) {
    const size = Buffer.byteLength(text);
    const answer = await client.command('ap', `APPEND INBOX (${flags}) "${date}" {${size}+}\r\n${text}`);
    assert.match(answer.at(-1) ?? '', /^ap OK/);
  }
}

const missing =
  findProgram('dovecot') === undefined ? 'dovecot is not installed (Debian: dovecot-imapd)' : undefined;
const notRoot = process.getuid?.() === 0 ? undefined : 'Dovecot starts as root only';

test('answers as Dovecot does', {
  skip: skipFor(missing ?? notRoot /* Dovecot is missing, or not root */),
}, async (t) => {
  const reference = await startDovecot(makeFolder(t));
  t.after(() => reference.stop());
  const server = await startImapServer();
  t.after(() => server.close());
  const ours = ImapTestClient.connect(server, true);
  const theirs = new ImapTestClient(net.connect(reference.port, '127.0.0.1'));
  t.after(() => [ours, theirs].map((client) => client.destroy()));
  for (const client of [ours, theirs]) await client.readLine();
  await ours.command('l', `LOGIN ${addresses[0]} "${password}"`);
  await theirs.command('l', `LOGIN mario ${reference.password}`);
  const mail = makeMail(60, 7);
  for (const client of [ours, theirs]) {
    await fill(client, mail);
    await client.command('s', 'EXAMINE INBOX');
  }
  for (const [index, command] of commands.entries()) {
    const [mine, other] = [
      await ours.command(`t${index}`, command),
      await theirs.command(`t${index}`, command),
    ];
    assert.deepEqual(plain(mine), plain(other), command);
  }
});
