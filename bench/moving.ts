/**
 * How fast mailboxes move: import over IMAP, export in its three forms, backup, verification and restoration, each as the
 * command that an operator types, in a process of its own. `node bench/moving.ts [--messages N] [--write]`.
 */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '../src/config/load.ts';
import { openStores } from '../src/wire.ts';
import { runWell, startServer, waitFor } from '../test/support/run-program.ts';
import { attach, projectNode, root } from '../test/support/sandbox-process.ts';
import { writeSection } from './performance-page.ts';

const { values } = parseArgs({ options: { messages: { type: 'string' }, write: { type: 'boolean' } } });
const count = Number(values.messages ?? 5000);
const messageBytes = 20_000;
const largeBytes = 100 * 1024 * 1024;

const folder = mkdtempSync(join(tmpdir(), 'openpec-moving-'));
const sandbox = await attach(
  startServer(projectNode, [join(root, 'src/sandbox/main.ts'), '--folder', folder], { cwd: root }),
  folder,
);
const from = sandbox.alfa.account('mario.rossi');
const to = sandbox.beta.account('anna.bianchi');

interface Figure {
  readonly what: string;
  readonly seconds: number;
  readonly megabytes: number;
}

const figures: Figure[] = [];
const bytes = count * messageBytes + largeBytes;

/** Runs the command under GNU time, which tells its peak memory. */
async function measure(what: string, args: readonly string[]): Promise<string> {
  const report = join(folder, 'time');
  const began = performance.now();
  const output = await runWell('/usr/bin/time', ['-f', '%M', '-o', report, join(root, 'bin/pec'), ...args], {
    limitMs: 1_800_000,
  });
  const seconds = (performance.now() - began) / 1000;
  const kilobytes = Number(readFileSync(report, 'utf8').trim());
  figures.push({ what, seconds, megabytes: kilobytes / 1024 });
  process.stdout.write(`${what}: ${seconds.toFixed(1)} s, ${(kilobytes / 1024).toFixed(0)} MB\n`);
  return output.toString().trim();
}

async function fill(): Promise<void> {
  const stores = await openStores(loadConfig(sandbox.alfa.config));
  const mailbox = await stores.accounts.findMailbox(from.address);
  const inbox = await stores.mail.findFolder(mailbox?.id ?? 0, 'INBOX');
  const line = `${'x'.repeat(76)}\r\n`;
  for (let start = 0; start < count; start += 100) {
    const messages = Array.from({ length: Math.min(100, count - start) }, (_, index) => {
      const head = `Message-ID: <${start + index}@bench>\r\nSubject: ${start + index}\r\n\r\n`;
      const content = Buffer.from(head.padEnd(messageBytes, line));
      return { content: [content], flags: index % 2 === 0 ? ['\\Seen'] : [], internalDate: Date.now() };
    });
    await stores.mail.append(inbox?.id ?? 0, messages);
  }
  const large = async function* () {
    yield Buffer.from('Subject: large\r\n\r\n');
    for (let left = largeBytes; left > 0; left -= 65_536) yield Buffer.alloc(65_536, line);
  };
  const content = await stores.mail.storeContent(large());
  await stores.mail.append(inbox?.id ?? 0, [{ content, flags: [], internalDate: Date.now() }]);
  await stores.close();
}

async function run(): Promise<void> {
  const alfa = ['--config', sandbox.alfa.config];
  const beta = ['--config', sandbox.beta.config];
  await fill();
  await runWell(join(root, 'bin/pec'), ['mailbox', 'set', to.address, '--quota', '10G', ...beta]);
  const password = join(folder, 'password');
  writeFileSync(password, from.password, { mode: 0o600 });
  const source = ['--host', 'localhost', '--port', String(from.ports.imaps), '--user', from.address];
  const access = ['--password-file', password, '--ca', sandbox.ca];
  await measure('import over IMAP', ['mailbox', 'import', to.address, ...source, ...access, ...beta]);
  await measure('import again', ['mailbox', 'import', to.address, ...source, ...access, ...beta]);
  for (const format of ['maildir', 'mbox', 'zip'])
    await measure(`export as ${format}`, [
      ...['mailbox', 'export', from.address, '--format', format, '--to', join(folder, `export.${format}`)],
      ...alfa,
    ]);
  const place = join(folder, 'backups');
  await measure('whole backup', ['backup', 'create', '--to', place, ...alfa]);
  await measure('whole backup, the second', ['backup', 'create', '--to', place, ...alfa]);
  await measure('verify it', ['backup', 'verify', place]);
  const boxes = join(folder, 'mailboxes');
  await measure('backup of the mailbox', [
    'backup',
    'create',
    '--to',
    boxes,
    '--mailbox',
    from.address,
    ...alfa,
  ]);
  await measure('the second', ['backup', 'create', '--to', boxes, '--mailbox', from.address, ...alfa]);
  await runWell(join(root, 'bin/pec'), ['mailbox', 'remove', from.address, '--yes', ...alfa]);
  await measure('restore the mailbox', ['backup', 'restore', boxes, ...alfa]);
  await waitFor('the archive', () => statSync(join(folder, 'export.zip')).size > bytes || undefined);
}

function render(): string {
  const rows = figures.map(({ what, seconds, megabytes }) => {
    const rate = bytes / seconds / 1_000_000;
    return `| ${what} | ${seconds.toFixed(1)} | ${rate.toFixed(0)} | ${megabytes.toFixed(0)} |`;
  });
  return [
    '## Moving mailboxes',
    '',
    '`node bench/moving.ts --write`',
    '',
    `A mailbox of ${count} messages of ${messageBytes / 1000} kB and one of 100 MiB, ${(bytes / 1_000_000).toFixed(0)} MB in all. ` +
      'Each row is one command, its start included, beside the running providers.',
    '',
    '| command | seconds | MB/s | peak memory, MB |',
    '|---|--:|--:|--:|',
    ...rows,
  ].join('\n');
}

try {
  await run();
  if (values.write === true) writeSection('moving', render());
  else process.stdout.write(`\n${render()}\n`);
} finally {
  await sandbox.stop();
  rmSync(folder, { recursive: true, force: true });
}
