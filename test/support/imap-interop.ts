/** What tests with real mail programs share: a server, a home folder of the test's own, and running programs. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { makeFolder } from './folder.ts';
import { addresses, type ImapTestServer, password, startImapServer } from './imap-server.ts';
import { deliver, readMessage } from './imap-transcript.ts';

/** A folder of the test's own and programs run in it. */
export interface InteropHome {
  /** An empty folder, home of the programs; gone after the test. */
  readonly home: string;
  /** PEM file of the certification authority. */
  readonly caFile: string;
  /** Writes a file into the home; its path. */
  write(name: string, text: string): string;
  /** Runs a program to its end; what it printed. @throws with all it printed when it fails. */
  run(command: string, args: readonly string[], input?: string): Promise<string>;
}

export interface InteropScene extends InteropHome {
  readonly server: ImapTestServer;
  readonly user: string;
  readonly password: string;
}

const limitMs = 60_000;

/** A server with three messages in mario's inbox: note, PEC, HTML. */
export async function openScene(t: TestContext, mode: 'imap' | 'imaps' = 'imaps'): Promise<InteropScene> {
  // As a provider offers it unless told otherwise.
  const server = await startImapServer({ mode, scramIterations: 10_000 });
  t.after(() => server.close());
  for (const file of ['note.eml', 'pec.eml', 'html.eml']) await deliver(server, 'INBOX', readMessage(file));
  return { server, user: addresses[0], password, ...openHome(t, server.ca) };
}

/** @param ca PEM of the certification authority */
export function openHome(t: TestContext, ca: string): InteropHome {
  const home = makeFolder(t);
  const write = (name: string, text: string) => {
    const file = join(home, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  const run = (command: string, args: readonly string[], input = '') =>
    runProgram({ command, args, home, input });
  return { home, caFile: write('ca.pem', ca), write, run };
}

interface ProgramRun {
  readonly command: string;
  readonly args: readonly string[];
  readonly home: string;
  readonly input: string;
}

function runProgram({ command, args, home, input }: ProgramRun): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, HOME: home, TERM: 'xterm', LC_ALL: 'C.UTF-8' };
    const child = spawn(command, args, { cwd: home, env, timeout: limitMs });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const printed = Buffer.concat(chunks).toString('latin1');
      if (code === 0) resolve(printed);
      else reject(new Error(`${command} ended with ${code ?? signal}:\n${printed}`));
    });
    child.stdin.end(input);
  });
}

/** The messages of a folder as the store has them. */
export async function storedMessages(server: ImapTestServer, folderName: string): Promise<Buffer[]> {
  const folder = await server.store.findFolder(server.mailboxIds[0] as number, folderName);
  if (folder === undefined) return [];
  const messages: Buffer[] = [];
  for (const record of await server.store.messages(folder.id, [[1, Number.POSITIVE_INFINITY]])) {
    messages.push(Buffer.concat(await Array.fromAsync(server.store.read(record.contentId))));
  }
  return messages;
}

/** The flags of a folder's messages, each sorted. */
export async function storedFlags(server: ImapTestServer, folderName: string): Promise<string[]> {
  const folder = await server.store.findFolder(server.mailboxIds[0] as number, folderName);
  const records = await server.store.messages(folder?.id ?? 0, [[1, Number.POSITIVE_INFINITY]]);
  return records.map((record) => [...record.flags].sort().join(' '));
}
