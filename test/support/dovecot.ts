/** Debian's Dovecot on loopback, as the reference other IMAP and POP3 servers are measured by. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { findFreePorts } from './free-ports.ts';

export interface ReferenceServer {
  /** Where its files are. */
  readonly folder: string;
  readonly port: number;
  readonly password: string;
  stop(): Promise<void>;
}

/**
 * Any user name works, each with a mailbox of its own. Needs to be root, as Dovecot does. `more`: settings that override
 * those of the fixture.
 */
export async function startDovecot(
  folder: string,
  protocol: 'imap' | 'pop3' = 'imap',
  more = '',
): Promise<ReferenceServer> {
  const [port = 0] = await findFreePorts(1);
  const password = 'segreta';
  const mail = join(folder, 'mail');
  mkdirSync(mail);
  // nobody and nogroup, the owners of all mail here.
  chownSync(mail, 65534, 65534);
  chmodSync(folder, 0o755);
  const config = join(folder, 'dovecot.conf');
  const fixture = protocol === 'imap' ? 'dovecot.conf' : 'dovecot-pop3.conf';
  const template = readFileSync(join(import.meta.dirname, '../fixtures', fixture), 'utf8');
  const values: Record<string, string> = { folder, port: `${port}`, password };
  writeFileSync(config, `${template.replace(/@(\w+)@/g, (_all, name: string) => values[name] ?? '')}${more}`);
  const child = spawn('/usr/sbin/dovecot', ['-F', '-c', config], { stdio: 'inherit' });
  const ended = once(child, 'close');
  await waitFor(port);
  const stop = async () => {
    child.kill();
    await ended;
  };
  return { folder, port, password, stop };
}

async function waitFor(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const socket = net.connect(port, '127.0.0.1');
    const up = await Promise.race([
      once(socket, 'data').then(() => true),
      once(socket, 'close').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (up) return;
    await pause(100);
  }
  throw new Error('Dovecot did not start');
}
