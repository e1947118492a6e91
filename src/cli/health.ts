/** `pec health`: asks each listener for its greeting, as a container's health check does. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Command } from 'commander';
import type { Listener, ListenName } from '../config/schema.ts';
import { type ConfigOptions, configOption, openConfig } from './config-option.ts';
import { CommandFailure, exitCode } from './exit-code.ts';
import type { Terminal } from './terminal.ts';

const TIMEOUT_MS = 5000;

/** How each service greets; those that greet nobody are asked for a connection only. */
const GREETINGS: Readonly<Partial<Record<ListenName, RegExp>>> = {
  submission: /^220 /,
  submissions: /^220 /,
  mx: /^220 /,
  imap: /^\* OK /,
  imaps: /^\* OK /,
  pop3: /^\+OK /,
  pop3s: /^\+OK /,
};
const OVER_TLS: readonly string[] = ['submissions', 'imaps', 'pop3s', 'https'];

export function buildHealthCommand(terminal: Terminal): Command {
  return new Command('health')
    .description('ask each listener of the running provider for its greeting')
    .addOption(configOption())
    .action(async (options: ConfigOptions) => {
      const { config } = openConfig(options);
      const listeners = Object.entries(config.listen) as [ListenName, Listener | null][];
      const answers = await Promise.all(
        listeners.flatMap(([name, place]) => (place === null ? [] : [probe(name, place)])),
      );
      for (const { name, problem } of answers) terminal.print(`${name}: ${problem ?? 'ok'}`);
      if (answers.some(({ problem }) => problem !== undefined))
        throw new CommandFailure(
          exitCode.unavailable,
          'The provider does not answer on every listener; is it running?',
        );
    });
}

interface Answer {
  readonly name: ListenName;
  readonly problem: string | undefined;
}

async function probe(name: ListenName, { address, port }: Listener): Promise<Answer> {
  // An address that means "all" is reached by loopback; the name in the certificate is not what is asked here.
  const host = address === '::' || address === '0.0.0.0' ? '127.0.0.1' : address;
  const secure = OVER_TLS.includes(name);
  const socket = secure ? connectTls({ host, port, rejectUnauthorized: false }) : connect({ host, port });
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error(`no answer in ${TIMEOUT_MS / 1000} s`)));
  try {
    await once(socket, secure ? 'secureConnect' : 'connect');
    const wanted = GREETINGS[name];
    return { name, problem: wanted === undefined ? undefined : await checkGreeting(socket, wanted) };
  } catch (error) {
    return { name, problem: error instanceof Error ? error.message : String(error) };
  } finally {
    socket.destroy();
  }
}

async function checkGreeting(socket: Socket, wanted: RegExp): Promise<string | undefined> {
  const [first] = (await once(socket, 'data')) as [Buffer];
  const line = first.toString('latin1').split('\r\n', 1)[0] ?? '';
  return wanted.test(line) ? undefined : `it greets with "${line}"`;
}
