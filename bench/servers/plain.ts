/**
 * Postfix and Dovecot as Debian ships them, in front of each other as usual: submission with TLS and SASL, LMTP into
 * maildir, IMAP. Everything they write is flushed to the disk (`mail_fsync = always`), as a provider's is.
 */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../../test/interop/programs.ts';
import { findFreePorts } from '../../test/support/free-ports.ts';
import { runProgram, startServer, waitFor } from '../../test/support/run-program.ts';
import { ImapWatch } from '../load/imap-watch.ts';
import type { Ports } from '../load/jobs.ts';
import { SmtpSender } from '../load/smtp-sender.ts';
import type { BenchServer, Certificate } from './bench-server.ts';

export const plainDomain = 'ordinaria.test';
export const plainPassword = 'segreta-di-prova';
/** nobody and nogroup: whose all the mail is. */
const mailUser = 65534;

/** What is missing to run it, in words; undefined when nothing is. */
export function findPlainObstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'Postfix and Dovecot must be started by root';
  const missing = ['postfix', 'dovecot', '/usr/lib/dovecot/lmtp', '/usr/lib/dovecot/imap'].filter(
    (name) => !existsSync(name) && findProgram(name) === undefined,
  );
  return missing.length === 0
    ? undefined
    : 'Postfix and Dovecot are not here: apt-get install postfix dovecot-imapd dovecot-lmtpd';
}

/** @throws {Error} with their log when they do not come up. */
export async function startPlain(certificate: Certificate): Promise<BenchServer> {
  const folder = mkdtempSync(join(tmpdir(), 'openpec-plain-'));
  chmodSync(folder, 0o755);
  const [submissions = 0, imaps = 0] = await findFreePorts(2);
  const ports = { submissions, imaps };
  for (const name of ['config', 'queue', 'mail']) mkdirSync(join(folder, name));
  chownSync(join(folder, 'mail'), mailUser, mailUser);
  const config = join(folder, 'config');
  writeFileSync(
    join(config, 'main.cf'),
    fillIn('postfix-main.cf', { folder, domain: plainDomain, ...certificate }),
  );
  writeFileSync(join(config, 'master.cf'), fillIn('postfix-master.cf', { port: `${submissions}` }));
  writeFileSync(
    join(config, 'dovecot.conf'),
    fillIn('dovecot.conf', { folder, port: `${imaps}`, password: plainPassword, ...certificate }),
  );
  const postfix = startServer('postfix', ['-c', config, 'start-fg']);
  // Postfix makes the folder in which Dovecot then puts its sockets.
  await waitFor('Postfix', () => (existsSync(join(folder, 'queue/private')) ? true : undefined), {
    explain: postfix.output,
  });
  const dovecot = startServer('dovecot', ['-F', '-c', join(config, 'dovecot.conf')]);
  const stop = async () => {
    await runProgram('postfix', ['-c', config, 'stop']);
    await Promise.all([postfix.ended, dovecot.stop()]);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const explain = () => postfix.output() + dovecot.output();
    await waitFor('Postfix and Dovecot', () => answers(ports), { explain });
  } catch (error) {
    await stop();
    throw error;
  }
  return { name: 'Postfix + Dovecot', domain: plainDomain, password: plainPassword, ports, folder, stop };
}

async function answers({ submissions, imaps }: Ports): Promise<true | undefined> {
  const account = { address: `prova@${plainDomain}`, password: plainPassword };
  try {
    (await SmtpSender.open(submissions, account)).quit();
    (await ImapWatch.open(imaps, account)).close();
    return true;
  } catch {
    return undefined;
  }
}

/** A file of settings beside this one, with a value in place of each `@name@`. */
function fillIn(file: string, values: Readonly<Record<string, string>>): string {
  const template = readFileSync(join(import.meta.dirname, file), 'utf8');
  return template.replace(/@(\w+)@/g, (_all, name: string) => values[name] ?? '');
}
