/** The two servers with the same messages: ours over its store, Dovecot over maildir. Both over TLS on loopback. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAccounts } from '../../src/accounts/accounts.ts';
import { addContent } from '../../src/content/content.ts';
import { openSqlite } from '../../src/db/sqlite.ts';
import { deliver } from '../../src/mailbox/deliver.ts';
import { startDovecot } from '../../test/support/dovecot.ts';
import { findFreePorts } from '../../test/support/free-ports.ts';
import { testAuthority } from '../../test/support/test-tls.ts';
import { makeMessage } from './messages.ts';

const password = 'segreta di prova';
const domain = 'bench.test';
/** nobody and nogroup: whose Dovecot's mail is here. */
const mailUser = 65534;

export interface Mailbox {
  readonly address: string;
  readonly messages: number;
}

export interface Contestant {
  readonly name: 'ours' | 'Dovecot';
  readonly port: number;
  readonly password: string;
  /** Bytes of memory in use; only of ours. */
  memory?(): Promise<number>;
  stop(): Promise<void>;
}

export function mailboxOf(messages: number): Mailbox {
  return { address: `casella${messages}@${domain}`, messages };
}

/** What Dovecot needs and is not here, in words. */
export function findDovecotObstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'Dovecot must be started by root';
  const here = existsSync('/usr/sbin/dovecot') && existsSync('/usr/lib/dovecot/imap');
  return here ? undefined : 'Dovecot is not here: apt-get install dovecot-imapd';
}

function writeCertificate(folder: string): void {
  const { key, cert } = testAuthority().issue(['DNS:localhost', 'IP:127.0.0.1']);
  writeFileSync(join(folder, 'key.pem'), key);
  writeFileSync(join(folder, 'cert.pem'), cert);
}

/** Fills the mailboxes through the store's own delivery and starts the server over them. */
export async function startOurs(parent: string, mailboxes: readonly Mailbox[]): Promise<Contestant> {
  const folder = join(parent, 'ours');
  mkdirSync(folder);
  writeCertificate(folder);
  const db = openSqlite({ file: join(folder, 'pec.db') });
  const accounts = createAccounts({ db, clock: Date.now });
  await accounts.addDomain(domain);
  for (const { address, messages } of mailboxes) {
    const { id } = await accounts.addMailbox({ address, password, quotaBytes: Number.MAX_SAFE_INTEGER });
    for (let from = 0; from < messages; from += 1000) {
      await db.transact(async (tx) => {
        for (let number = from; number < Math.min(from + 1000, messages); number += 1) {
          const { bytes, internalDate, flags } = makeMessage(number, messages);
          const contentId = await addContent(tx, [bytes]);
          await deliver(tx, { mailboxId: id, contentId, size: bytes.length, internalDate, flags });
        }
      });
    }
  }
  await accounts.close();
  await db.close();
  return runOurs(folder);
}

async function runOurs(folder: string): Promise<Contestant> {
  const child = fork(join(import.meta.dirname, 'own-server.ts'), [folder], { execArgv: ['--expose-gc'] });
  const ask = async <T>(question?: string): Promise<T> => {
    if (question !== undefined) child.send(question);
    const [answer] = await once(child, 'message');
    return answer as T;
  };
  const { port } = await ask<{ port: number }>();
  return {
    name: 'ours',
    password,
    port,
    memory: async () => (await ask<{ rss: number }>('memory')).rss,
    stop: async () => {
      const ended = once(child, 'close');
      child.send('stop');
      await ended;
    },
  };
}

const letters = { '\\Seen': 'S', '\\Flagged': 'F', '\\Answered': 'R' } as const;

/** Writes the same messages as maildir and starts Dovecot over them. */
export async function startReference(parent: string, mailboxes: readonly Mailbox[]): Promise<Contestant> {
  const folder = join(parent, 'dovecot');
  mkdirSync(folder);
  writeCertificate(folder);
  const [port = 0] = await findFreePorts(1);
  const settings = `
mail_location = maildir:${folder}/mail/%u
mail_max_userip_connections = 0
ssl = yes
ssl_cert = <${folder}/cert.pem
ssl_key = <${folder}/key.pem
service imap-login {
  inet_listener imaps {
    port = ${port}
    ssl = yes
  }
}
`;
  const server = await startDovecot(folder, 'imap', settings);
  for (const mailbox of mailboxes) fillMaildir(join(folder, 'mail', mailbox.address), mailbox);
  return { name: 'Dovecot', port, password: server.password, stop: () => server.stop() };
}

function fillMaildir(folder: string, { messages }: Mailbox): void {
  const own = (path: string) => {
    chownSync(path, mailUser, mailUser);
    return path;
  };
  for (const name of ['', 'cur', 'new', 'tmp'])
    own(mkdirSync(join(folder, name), { recursive: true }) ?? join(folder, name));
  for (let number = 0; number < messages; number += 1) {
    const { bytes, internalDate, flags } = makeMessage(number, messages);
    const suffix = flags
      .map((flag) => letters[flag])
      .sort()
      .join('');
    const seconds = Math.floor(internalDate / 1000);
    const micros = `${number % 1_000_000}`.padStart(6, '0');
    const name = `${seconds}.M${micros}P1.bench,S=${bytes.length},W=${bytes.length}:2,${suffix}`;
    const file = join(folder, 'cur', name);
    writeFileSync(file, bytes);
    own(file);
  }
}
