/**
 * Mail moves between this server and others: from Debian's Dovecot, odd messages and all, and out again to what Dovecot
 * and Python read. Python's imaplib says what Dovecot really holds.
 */
import assert from 'node:assert/strict';
import { chmodSync, chownSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ReferenceServer, startDovecot } from '../support/dovecot.ts';
import { makeProviderFolder, type ProviderFolder } from '../support/provider-folder.ts';
import { runWell } from '../support/run-program.ts';
import { testAuthority } from '../support/test-tls.ts';
import { findProgram } from './programs.ts';

const missing =
  findProgram('dovecot') === undefined ? 'dovecot is not installed (Debian: dovecot-imapd)' : undefined;
const notRoot = process.getuid?.() === 0 ? undefined : 'Dovecot needs to be started by root';
const skip = missing ?? notRoot ?? false;

const address = 'mario@prova.test';
const nobody = 65_534;
const allBytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
const letters: readonly Buffer[] = [
  Buffer.from('Subject: solo LF\n\nuna riga\nFrom qui in poi\nultima senza fine'),
  Buffer.concat([Buffer.from('Subject: tutti i byte\r\n\r\n'), allBytes, Buffer.from('\r\n')]),
  Buffer.from('Subject: nudo CR\r\n\r\na\rb\r\n'),
  Buffer.from('\n'),
  Buffer.from('nessuna intestazione'),
  Buffer.from(`Subject: =?utf-8?q?rotta\r\n${'X-Lungo: '.padEnd(70_000, 'x')}\r\n\r\n`),
  Buffer.concat([Buffer.from('Subject: grande\r\n\r\n'), Buffer.alloc(5_000_000, 'abcdefg\r\n')]),
];
let provider: ProviderFolder;
let dovecot: ReferenceServer | undefined;
let files: { readonly ca: string; readonly password: string };

before(async () => {
  provider = await makeProviderFolder();
  const place = (name: string, text: string) => {
    const file = join(provider.folder, name);
    writeFileSync(file, text);
    return file;
  };
  const { key, cert } = testAuthority().issue(['DNS:localhost', 'IP:127.0.0.1']);
  const folder = join(provider.folder, 'dovecot');
  mkdirSync(folder);
  const settings = [
    'ssl = yes',
    `ssl_cert = <${place('tls.pem', cert)}`,
    `ssl_key = <${place('tls.key', key)}`,
    `mail_location = maildir:${folder}/mail/%u`,
    'namespace inbox {\n  prefix = INBOX.\n  separator = .\n  mailbox "Posta inviata" {\n    special_use = \\Sent\n    auto = create\n  }\n}',
  ];
  if (skip !== false) return;
  dovecot = await startDovecot(folder, 'imap', settings.join('\n'));
  chmodSync(provider.folder, 0o755);
  files = { ca: place('ca.pem', testAuthority().cert), password: place('password', dovecot.password) };
  await provider.pec('domain', 'add', 'prova.test');
  await provider.pec('mailbox', 'add', address, '--password-file', place('own', 'segreta 1'));
});

after(async () => {
  await dovecot?.stop();
  provider.remove();
});

/** Puts files into a Maildir of Dovecot's, as a delivery agent would. */
function deliver(user: string, folder: string, messages: readonly Buffer[]): void {
  const root = join(provider.folder, 'dovecot/mail', user);
  for (const part of ['cur', 'new', 'tmp']) mkdirSync(join(root, folder, part), { recursive: true });
  for (const [index, bytes] of messages.entries())
    writeFileSync(
      join(root, folder, 'cur', `${1_600_000_000 + index}.M${index}.host:2,${index % 2 === 0 ? 'FS' : ''}`),
      bytes,
    );
  own(root);
}

function own(path: string): void {
  chownSync(path, nobody, nobody);
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true }))
    chownSync(join(entry.parentPath, entry.name), nobody, nobody);
}

/** Folder, flags, size and SHA-256 of every message, as imaplib gets them; a message that is not given is left out. */
const lister = `
import imaplib, ssl, sys, hashlib, re, json
host, port, user, password, ca = sys.argv[1:6]
imap = imaplib.IMAP4(host, int(port))
imap.starttls(ssl.create_default_context(cafile=ca))
imap.login(user, password)
found = []
for line in imap.list()[1]:
    flags, name = re.match(rb'\\((.*?)\\) "." (.*)', line).groups()
    if b'Noselect' in flags: continue
    imap.select(name.decode(), readonly=True)
    for number in imap.search(None, 'ALL')[1][0].split():
        try:
            answer = imap.fetch(number, '(FLAGS INTERNALDATE BODY.PEEK[])')[1]
        except imaplib.IMAP4.abort:
            continue
        for part in answer:
            if isinstance(part, tuple):
                flags = sorted(f for f in re.search(rb'FLAGS \\((.*?)\\)', part[0]).group(1).decode().split() if f != '\\\\Recent')
                date = re.search(rb'INTERNALDATE "(.*?)"', part[0]).group(1).decode()
                found.append([name.decode().strip('"'), flags, date, len(part[1]), hashlib.sha256(part[1]).hexdigest()])
print(json.dumps(found))
`;

type Listed = readonly [folder: string, flags: readonly string[], date: string, size: number, sha256: string];

async function listDovecot(user: string): Promise<readonly Listed[]> {
  const args = ['localhost', String(dovecot?.port), user, dovecot?.password ?? '', files.ca];
  return JSON.parse((await runWell('python3', ['-c', lister, ...args])).toString()) as Listed[];
}

const importFrom = (user: string) =>
  provider.pec(
    ...['mailbox', 'import', address, '--host', 'localhost', '--port', String(dovecot?.port), '--starttls'],
    ...['--user', user, '--ca', files.ca, '--password-file', files.password],
  );

async function exportTo(
  name: string,
  format: string,
): Promise<{ place: string; remarks: string; code: number }> {
  const place = join(provider.folder, name);
  const { code, remarks } = await provider.pec(
    'mailbox',
    'export',
    address,
    '--format',
    format,
    '--to',
    place,
  );
  return { place, code, remarks };
}

interface Row {
  readonly folder: string;
  readonly file: string;
  readonly size: string;
  readonly 'internal date': string;
  readonly flags: string;
  readonly sha256: string;
}

/** `messages.csv` as Python's csv module reads it. */
async function readList(file: string): Promise<readonly Row[]> {
  const script =
    'import csv,json,sys; print(json.dumps(list(csv.DictReader(open(sys.argv[1], newline="")))))';
  return JSON.parse((await runWell('python3', ['-c', script, file])).toString()) as Row[];
}

test('every byte that Dovecot gives comes over, with folders, flags and dates', { skip }, async () => {
  deliver('vecchio', '', letters);
  deliver('vecchio', '.Posta inviata', [Buffer.from('Subject: inviata\n\n')]);
  deliver('vecchio', '.Uffici.Anagrafe', [Buffer.from('Subject: anagrafe\n\n')]);
  const there = await listDovecot('vecchio');
  assert.equal(there.length, letters.length + 2);
  const { code, output, remarks } = await importFrom('vecchio');
  assert.equal(code, 0, output + remarks);
  const { place } = await exportTo('check', 'maildir');
  const here = await readList(join(place, 'messages.csv'));
  assert.deepEqual(here.map(({ sha256 }) => sha256).sort(), there.map(([, , , , sha256]) => sha256).sort());
  for (const { sha256, flags, 'internal date': date } of here) {
    const same = there.filter((listed) => listed[4] === sha256);
    assert.ok(same.some((listed) => listed[1].join(' ') === flags.split(' ').sort().join(' ').trim()));
    assert.ok(same.some((listed) => Date.parse(listed[2].replaceAll('-', ' ')) === Date.parse(date)));
  }
  const folders = new Set(here.map(({ folder }) => folder));
  assert.deepEqual([...folders].sort(), ['INBOX', 'Sent', 'Uffici/Anagrafe']);
  assert.match((await importFrom('vecchio')).output, /^0 messages imported .*, 9 were here already/);
});

test('a message that Dovecot cannot read is left out and told; the rest comes', { skip }, async () => {
  deliver('rotto', '', [
    Buffer.from('Subject: uno\n\n'),
    Buffer.from('Subject: due\n\n'),
    Buffer.from('Subject: tre\n\n'),
  ]);
  const folder = join(provider.folder, 'dovecot/mail/rotto/cur');
  const [, second = ''] = readdirSync(folder).sort();
  chmodSync(join(folder, second), 0);
  chownSync(join(folder, second), 0, 0);
  const { code, output, remarks } = await importFrom('rotto');
  assert.equal(code, 1, output + remarks);
  assert.match(output, /^2 messages imported/);
  assert.match(output, /^left out: INBOX, UID 2: /m);
});

test('Dovecot serves an exported Maildir as it is: bytes, flags, keywords, dates', { skip }, async () => {
  const { place } = await exportTo('maildir', 'maildir');
  const root = join(provider.folder, 'dovecot/mail/nuovo');
  cpSync(place, root, { recursive: true, preserveTimestamps: true });
  own(root);
  const rows = await readList(join(place, 'messages.csv'));
  const served = await listDovecot('nuovo');
  const facts = (size: string | number, flags: readonly string[], at: number) =>
    `${size} ${[...flags].sort().join(' ')} ${at}`;
  // Dovecot sends CRLF for every line end, so messages with a bare LF are longer there.
  const exact = rows.filter(({ file }) => !hasBareLf(readFileSync(join(place, file))));
  assert.ok(exact.length >= 8, `${exact.length}`);
  const there = new Set(
    served.map(([, flags, date, size]) => facts(size, flags, Date.parse(date.replaceAll('-', ' ')))),
  );
  for (const row of exact)
    assert.ok(
      there.has(facts(row.size, row.flags.split(' ').filter(Boolean), Date.parse(row['internal date']))),
      row.file,
    );
  assert.equal(served.length, rows.length);
});

function hasBareLf(bytes: Buffer): boolean {
  return /(?<!\r)\n|\0/.test(bytes.toString('latin1'));
}

test('Python reads the Maildir, the mbox files and the ZIP; the ZIP gives every byte', { skip }, async () => {
  const maildir = await exportTo('python.maildir', 'maildir');
  const mbox = await exportTo('python.mbox', 'mbox');
  const zip = await exportTo('python.zip', 'zip');
  for (const { code, remarks } of [maildir, mbox, zip]) assert.equal(code, 0, remarks);
  const script = `
import csv, hashlib, io, mailbox, sys, zipfile, os
maildir, mbox, archive = sys.argv[1:4]
rows = list(csv.DictReader(open(os.path.join(maildir, 'messages.csv'), newline='')))
def count(box): return len(box) + sum(count(box.get_folder(name)) for name in box.list_folders())
assert count(mailbox.Maildir(maildir, create=False)) == len(rows)
for row in rows:
    assert hashlib.sha256(open(os.path.join(maildir, row['file']), 'rb').read()).hexdigest() == row['sha256']
boxes = [os.path.join(d, f) for d, _, names in os.walk(mbox) for f in names if f != 'messages.csv']
assert sum(len(mailbox.mbox(box, create=False)) for box in boxes) == len(rows)
with zipfile.ZipFile(archive) as z:
    assert z.testzip() is None
    listed = list(csv.DictReader(io.StringIO(z.read('messages.csv').decode(), newline='')))
    for row in listed:
        assert hashlib.sha256(z.read(row['file'])).hexdigest() == row['sha256'], row
        assert z.getinfo(row['file']).file_size == int(row['size'])
print(len(rows), len(listed))
`;
  const counted = await runWell('python3', ['-c', script, maildir.place, mbox.place, zip.place]);
  assert.match(counted.toString(), /^11 11\n$/);
});

test('Python reads a ZIP with more entries than 16 bits can count', async () => {
  const script = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as z:
    names = z.namelist()
    assert len(names) == 70000 and z.read('69999.eml') == b'69999', len(names)
`;
  const { ZipWriter } = await import('../../src/moving/export/zip-writer.ts');
  const { crc32 } = await import('node:zlib');
  const parts: Uint8Array[] = [];
  const zip = new ZipWriter(async (bytes) => void parts.push(bytes));
  for (let index = 0; index < 70_000; index += 1) {
    const bytes = Buffer.from(String(index));
    await zip.add({ name: `${index}.eml`, at: 0, size: bytes.length, crc32: crc32(bytes) }, [bytes]);
  }
  await zip.finish();
  const file = join(provider.folder, 'many.zip');
  writeFileSync(file, Buffer.concat(parts));
  await runWell('python3', ['-c', script, file]);
});
