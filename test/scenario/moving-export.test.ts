/** `pec mailbox export`: every form holds every byte, and a damaged message stops none of them. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { makeProviderFolder, type ProviderFolder } from '../support/provider-folder.ts';
import { runPec } from '../unit/cli/run-pec.ts';

const execute = promisify(execFile);
const address = 'mario@prova.test';
const allBytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
const letters: readonly Buffer[] = [
  Buffer.from('Subject: lines\r\n\r\nFrom the first\r\n>From me\nbare LF\nbare CR\rno end'),
  Buffer.concat([Buffer.from('Subject: all bytes\r\n\r\n'), allBytes]),
  Buffer.from('\n'),
  Buffer.concat([Buffer.from('Subject: in a blob\r\n\r\n'), Buffer.alloc(60_000, allBytes)]),
  Buffer.concat([Buffer.from('Subject: read twice\r\n\r\n'), Buffer.alloc(9_000_000, allBytes)]),
];
const office = Buffer.from('Subject: ufficio\r\n\r\nx\r\n');
let provider: ProviderFolder;
/** The blob of the fourth letter. */
let blobFile = '';

before(async () => {
  provider = await makeProviderFolder();
  const secret = join(provider.folder, 'secret');
  writeFileSync(secret, 'segreta 1');
  await provider.pec('domain', 'add', 'prova.test');
  await provider.pec('mailbox', 'add', address, '--password-file', secret);
  await provider.withStores(async ({ accounts, mail, db }) => {
    const mailboxId = (await accounts.findMailbox(address))?.id ?? 0;
    const inbox = await mail.findFolder(mailboxId, 'INBOX');
    for (const [index, bytes] of letters.entries()) {
      const content = await mail.storeContent(pieces(bytes));
      const flags = index === 0 ? ['\\Seen', '\\Answered', 'Etichetta'] : [];
      await mail.append(inbox?.id ?? 0, [
        { content, flags, internalDate: Date.UTC(2021, 5, 1 + index, 10, 20, 30) },
      ]);
    }
    const made = await mail.createFolder(mailboxId, 'Uffici/Città: 1.A');
    await mail.append(made.id, [{ content: [office], flags: [], internalDate: 0 }]);
    const row = await db.read((tx) =>
      tx.get<{ blob: string }>(
        'SELECT blob FROM content_blob JOIN content ON id = content_id WHERE size = ?',
        letters[3]?.length ?? 0,
      ),
    );
    const blob = row?.blob ?? '';
    blobFile = join(provider.config.dataFolder, 'blobs', blob.slice(0, 3), blob);
  });
});

after(() => provider.remove());

async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

const to = (name: string) => join(provider.folder, name);
const runExport = (...args: string[]) => provider.pec('mailbox', 'export', address, ...args);
const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const listOf = (text: string) =>
  text
    .trimEnd()
    .split('\r\n')
    .slice(1)
    .map((line) => line.split(','));

test('a Maildir has one file a message, with flags, date and keywords', async () => {
  const folder = to('maildir');
  const { code, remarks } = await runExport('--format', 'maildir', '--to', folder);
  assert.equal(code, 0, remarks);
  const names = readdirSync(join(folder, 'cur'));
  const found = names.map((name) => digest(readFileSync(join(folder, 'cur', name))));
  assert.deepEqual(found.sort(), letters.map(digest).sort());
  const first = names.find((name) => name.startsWith(`${Date.UTC(2021, 5, 1, 10, 20, 30) / 1000}.`)) ?? '';
  assert.match(first, new RegExp(`,S=${letters[0]?.length}:2,RSa$`));
  assert.equal(statSync(join(folder, 'cur', first)).mtimeMs, Date.UTC(2021, 5, 1, 10, 20, 30));
  assert.equal(readFileSync(join(folder, 'dovecot-keywords'), 'utf8'), '0 Etichetta\n');
  const office = join(folder, '.Uffici.Citt&AOA-: 1_A');
  assert.equal(readdirSync(join(office, 'cur')).length, 1);
  assert.ok(existsSync(join(office, 'maildirfolder')));
  assert.equal(statSync(folder).mode & 0o077, 0);
  const again = await runExport('--format', 'maildir', '--to', folder);
  assert.equal(again.code, 1);
  assert.match(again.remarks, /is not empty; name one that is/);
});

test('mbox files can be read back to the same bytes, but for a missing last line end', async () => {
  const folder = to('mbox');
  assert.equal((await runExport('--format', 'mbox', '--to', folder)).code, 0);
  const text = readFileSync(join(folder, 'INBOX'), 'latin1');
  const parts = text.split(/^From MAILER-DAEMON \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\n/m).slice(1);
  const found = parts.map((part) => Buffer.from(part.slice(0, -1).replace(/^>(>*From )/gm, '$1'), 'latin1'));
  const wanted = letters.map((bytes) =>
    bytes.at(-1) === 10 ? bytes : Buffer.concat([bytes, Buffer.from('\n')]),
  );
  assert.deepEqual(found.map(digest), wanted.map(digest));
  assert.ok(existsSync(join(folder, 'Uffici.sbd', 'Città_ 1.A')));
});

test('a ZIP goes to a file or to standard output, with a list of what is in it', async () => {
  const file = to('mail.zip');
  assert.equal((await runExport('--format', 'zip', '--to', file)).code, 0);
  const piped = await runExport('--format', 'zip', '--to', '-', '--folder', 'inbox');
  assert.deepEqual([piped.code, piped.output], [0, '']);
  for (const [archive, count] of [
    [readFileSync(file), 6],
    [piped.bytes, 5],
  ] as const) {
    const list = archive.toString('latin1');
    const lines = listOf(
      list.slice(list.indexOf('folder,uid,'), list.lastIndexOf('PK\u0001\u0002')).split('PK')[0] ?? '',
    );
    assert.equal(lines.length, count);
    assert.deepEqual(
      lines.slice(0, 5).map((cells) => cells[6]),
      letters.map(digest),
    );
  }
  assert.match((await runExport('--format', 'zip', '--to', file)).remarks, /exists already/);
});

test('what cannot be asked for is told', async () => {
  assert.equal((await runExport('--format', 'mbox', '--to', '-')).code, 2);
  assert.match(
    (await runExport('--format', 'zip', '--to', '-', '--folder', 'Bozze')).remarks,
    /there are: Archive, /,
  );
  assert.match((await runPec(['mailbox', 'export', '--help'])).output, /messages of a mailbox/);
  const nobody = await provider.pec('mailbox', 'export', 'x@prova.test', '--format', 'zip', '--to', '-');
  assert.match(nobody.remarks, /no mailbox x@prova\.test/);
});

test('a damaged message is told at the end, and everything else is there', async () => {
  rmSync(blobFile);
  for (const format of ['maildir', 'mbox', 'zip']) {
    const place = to(`damaged.${format}`);
    const { code, remarks } = await runExport('--format', format, '--to', place);
    assert.equal(code, 1, format);
    assert.match(remarks, /^5 messages .* written to/);
    assert.match(remarks, /^damaged: INBOX, UID 4: blob [0-9a-f]{32} cannot be opened/m);
    if (format === 'zip') continue;
    const [, , , fourth] = listOf(readFileSync(join(place, 'messages.csv'), 'utf8'));
    assert.deepEqual([fourth?.[1], fourth?.[2], fourth?.[6]], ['4', '', '']);
  }
  assert.equal(readdirSync(to('damaged.maildir/cur')).length, 4);
  assert.equal(readdirSync(to('damaged.maildir/tmp')).length, 0);
});

test('an archive that nobody reads to its end is no export', async () => {
  const pec = join(import.meta.dirname, '../../bin/pec');
  const config = join(provider.folder, 'provider', 'config.json');
  const run = (reader: string) =>
    execute('bash', [
      '-c',
      `"$0" mailbox export ${address} --format zip --to - --config "$1" | ${reader}; exit "\${PIPESTATUS[0]}"`,
      pec,
      config,
    ]);
  await assert.rejects(run('head -c 100 > /dev/null'), { code: 1, stderr: /has stopped before the end/ });
  // A message is damaged by now; all that can be read came.
  await assert.rejects(run('cat > /dev/null'), { code: 1, stderr: /^5 messages .* to standard output\.$/m });
});
