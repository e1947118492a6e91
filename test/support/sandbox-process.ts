/**
 * The sandbox as a stranger has it: a process of its own, known only by its endpoints.json, written to by swaks and
 * read by openssl. Nothing here uses the project's code.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readImapFolder } from './imap-by-openssl.ts';
import { type Ran, runProgram, type ServerProcess, startServer, waitFor } from './run-program.ts';

export const root = join(import.meta.dirname, '../..');
/** The runtime that the project brings along, which `npm start` and bin/pec use. */
export const projectNode = join(root, 'node_modules/.bin/node');

export interface Ports {
  readonly submission: number;
  readonly submissions: number;
  readonly mx: number;
  readonly imap: number;
  readonly imaps: number;
  readonly pop3: number;
  readonly pop3s: number;
  readonly https: number;
}

export interface Account {
  readonly address: string;
  readonly password: string;
  readonly ports: Ports;
  /** PEM file with the certificate to trust. */
  readonly ca: string;
}

export interface SandboxProvider {
  readonly name: string;
  readonly domain: string;
  readonly ports: Ports;
  /** Absolute. */
  readonly config: string;
  account(name: string): Account;
}

export interface SandboxProcess {
  readonly folder: string;
  readonly ca: string;
  readonly alfa: SandboxProvider;
  readonly beta: SandboxProvider;
  readonly server: ServerProcess;
  /** Ctrl-C; checks that it ended in order. */
  stop(): Promise<void>;
}

interface Endpoints {
  readonly ca: string;
  readonly providers: readonly {
    readonly name: string;
    readonly domain: string;
    readonly ports: Ports;
    readonly config: string;
    readonly users: readonly { readonly address: string; readonly password: string }[];
  }[];
}

/** Starts it in an empty temporary folder and waits until it can be used. Call from `before`, `stop` from `after`. */
export async function startSandboxProcess(): Promise<SandboxProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'openpec-sandbox-'));
  const args = [join(root, 'src/sandbox/main.ts'), '--folder', folder];
  return attach(startServer(projectNode, args, { cwd: root }), folder);
}

/** Waits for the endpoints of a sandbox that `server` is to bring up in `folder`. */
export async function attach(server: ServerProcess, folder: string): Promise<SandboxProcess> {
  const file = join(folder, 'endpoints.json');
  let gone: number | string | undefined;
  void server.ended.then((status) => {
    gone = status;
  });
  await waitFor('endpoints.json', () => (existsSync(file) || gone !== undefined ? true : undefined), {
    explain: server.output,
  });
  assert.equal(gone, undefined, server.output());
  const endpoints = JSON.parse(readFileSync(file, 'utf8')) as Endpoints;
  const ca = join(folder, endpoints.ca);
  const [alfa, beta] = endpoints.providers.map((provider): SandboxProvider => {
    const account = (name: string): Account => {
      const user = provider.users.find(({ address }) => address === `${name}@${provider.domain}`);
      assert.ok(user, `${name} in ${file}`);
      return { ...user, ports: provider.ports, ca };
    };
    return { ...provider, config: join(folder, provider.config), account };
  });
  assert.ok(alfa && beta);
  const stop = async () => {
    const status = await server.stop('SIGINT');
    const left = existsSync(file);
    rmSync(folder, { recursive: true, force: true });
    assert.equal(status, 0, server.output());
    assert.equal(left, false, 'endpoints.json stays behind');
  };
  return { folder, ca, alfa, beta, server, stop };
}

/** bin/pec, as typed in a shell. */
export function runPec(args: readonly string[], input?: string): Promise<Ran> {
  return runProgram(join(root, 'bin/pec'), args, input === undefined ? {} : { input });
}

/** bin/pec, which must end well; its standard output. */
export async function pec(...args: readonly string[]): Promise<string> {
  const { status, stdout, text } = await runPec(args);
  assert.equal(status, 0, `pec ${args.join(' ')}\n${text}`);
  return stdout.toString();
}

function inFolder(account: Account, folder: string) {
  return { ...account, port: account.ports.imaps, folder };
}

/** Messages of a folder in order of arrival, as IMAP gives them. */
export async function readMail(account: Account, folder = 'INBOX'): Promise<Buffer[]> {
  return (await readImapFolder(inFolder(account, folder))).map(({ bytes }) => bytes);
}

/** Waits until a message in the INBOX has a subject that begins so, and that `also` holds for. */
export async function waitForMail(
  account: Account,
  subject: string,
  also: (message: Buffer) => boolean = () => true,
): Promise<Buffer> {
  const inbox = inFolder(account, 'INBOX');
  let subjects: string[] = [];
  const look = async () => {
    const headers = await readImapFolder(inbox, 'HEADER');
    subjects = headers.map(({ bytes }) => subjectOf(bytes));
    const uids = headers.filter(({ bytes }) => subjectOf(bytes).startsWith(subject)).map(({ uid }) => uid);
    if (uids.length === 0) return undefined;
    return (await readImapFolder(inbox, '', uids)).map(({ bytes }) => bytes).find(also);
  };
  const explain = () => `There is: ${subjects.join('; ')}`;
  return waitFor(`"${subject}…" for ${account.address}`, look, { explain });
}

/** The subject as it stands in the message, unfolded. */
export function subjectOf(message: Buffer): string {
  return fieldOf(message, 'Subject') ?? '';
}

/** The first header field of this name, unfolded; undefined when there is none. */
export function fieldOf(message: Buffer, name: string): string | undefined {
  const text = message.toString('latin1');
  const head = text.slice(0, text.indexOf('\r\n\r\n') + 2).replace(/\r\n(?=[ \t])/g, '');
  const match = new RegExp(`^${name}:[ \t]*(.*?)\r$`, 'im').exec(head);
  return match?.[1];
}
