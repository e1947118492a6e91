/** Reading an IMAP folder with `openssl s_client`, byte for byte. */
import { runProgram } from './run-program.ts';

export interface ImapFolder {
  readonly address: string;
  readonly password: string;
  readonly port: number;
  /** PEM file with the certificate to trust. */
  readonly ca: string;
  readonly folder: string;
}

/** Every message of the folder in order of UID. @throws when TLS, login or SELECT fail. */
export async function readImapFolder(where: ImapFolder): Promise<Buffer[]> {
  const { address, password, port, ca, folder } = where;
  const tls = [
    '-connect',
    `localhost:${port}`,
    '-CAfile',
    ca,
    '-verify_return_error',
    '-verify_hostname',
    'localhost',
  ];
  const commands = [
    `a LOGIN "${address}" "${password}"`,
    `b EXAMINE "${folder}"`,
    'c UID FETCH 1:* BODY.PEEK[]',
    'd LOGOUT',
  ];
  const { stdout, text } = await runProgram('openssl', ['s_client', '-quiet', ...tls], {
    input: commands.map((line) => `${line}\r\n`).join(''),
  });
  if (!/^b OK /m.test(text)) throw new Error(`${address} ${folder}:\n${text.slice(0, 2000)}`);
  return takeLiterals(stdout);
}

function takeLiterals(answer: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  let at = 0;
  for (;;) {
    const found = answer.indexOf('BODY[] {', at);
    if (found === -1) return messages;
    const size = Number.parseInt(answer.toString('latin1', found + 8, found + 20), 10);
    const start = answer.indexOf('}\r\n', found) + 3;
    messages.push(answer.subarray(start, start + size));
    at = start + size;
  }
}
