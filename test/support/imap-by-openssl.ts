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

export interface FetchedMessage {
  readonly uid: number;
  /** The section that was asked for, exactly. */
  readonly bytes: Buffer;
}

/**
 * One section of messages in order of UID: of all of them, or of those whose UIDs are given. Section '' is the whole.
 * @throws when TLS, login or EXAMINE fail.
 */
export async function readImapFolder(
  where: ImapFolder,
  section: '' | 'HEADER' = '',
  uids: readonly number[] = [],
): Promise<FetchedMessage[]> {
  const { address, password, port, ca, folder } = where;
  const tls = ['-connect', `localhost:${port}`, '-CAfile', ca, '-verify_return_error'];
  const commands = [
    `a LOGIN "${address}" "${password}"`,
    `b EXAMINE "${folder}"`,
    `c UID FETCH ${uids.length === 0 ? '1:*' : uids.join(',')} (UID BODY.PEEK[${section}])`,
    'd LOGOUT',
  ];
  const { stdout, text } = await runProgram(
    'openssl',
    ['s_client', '-quiet', ...tls, '-verify_hostname', 'localhost'],
    { input: commands.map((line) => `${line}\r\n`).join('') },
  );
  if (!/^b OK /m.test(text)) throw new Error(`${address} ${folder}:\n${text.slice(0, 2000)}`);
  return takeLiterals(stdout);
}

function takeLiterals(answer: Buffer): FetchedMessage[] {
  const messages: FetchedMessage[] = [];
  for (let at = 0; ; ) {
    const found = answer.indexOf('* ', at);
    if (found === -1) return messages;
    const lineEnd = answer.indexOf('\r\n', found) + 2;
    const line = answer.toString('latin1', found, lineEnd);
    const literal = /^\* \d+ FETCH .*UID (\d+) .*BODY\[\w*\] \{(\d+)\}\r\n$/.exec(line);
    at = lineEnd + Number(literal?.[2] ?? 0);
    if (literal !== null) messages.push({ uid: Number(literal[1]), bytes: answer.subarray(lineEnd, at) });
  }
}
