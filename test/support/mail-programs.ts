/**
 * Real mail programs at work for one account: how each is told to send a letter and to fetch the inbox. Nothing is
 * said here of certified mail: to the programs it is mail like any other.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ImapFlow } from 'imapflow';
import { createTransport } from 'nodemailer';
import { type RunOptions, runWell } from './run-program.ts';
import type { Account } from './sandbox-process.ts';

/** Where a program is set up for an account: an empty home folder. */
export interface Desk {
  readonly home: string;
  readonly account: Account;
}

export interface Letter {
  readonly to: string;
  readonly subject: string;
  /** ASCII, one line. */
  readonly text: string;
}

export interface MailProgram {
  readonly name: string;
  send(desk: Desk, letter: Letter): Promise<void>;
  /** All messages of the inbox, as the program stored them; lines end in CRLF. */
  fetch(desk: Desk): Promise<Buffer[]>;
}

function write({ home }: Desk, name: string, text: string): string {
  const file = join(home, name);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

function run(desk: Desk, command: string, args: readonly string[], input = ''): Promise<Buffer> {
  const options: RunOptions = { cwd: desk.home, env: { HOME: desk.home, TERM: 'xterm' }, input };
  return runWell(command, args, options);
}

function toCrlf(stored: Buffer): Buffer {
  return Buffer.from(stored.toString('latin1').replace(/\r?\n/g, '\r\n'), 'latin1');
}

function readAll(folder: string): Buffer[] {
  return readdirSync(folder).map((file) => toCrlf(readFileSync(join(folder, file))));
}

/** A whole message, for programs that take one ready-made. */
export function writeLetter({ account }: Desk, { to, subject, text }: Letter): string {
  return [
    ...[`From: ${account.address}`, `To: ${to}`, `Subject: ${subject}`],
    ...[`Message-ID: <${subject.replace(/\W/g, '.')}@casa.example>`, '', text, ''],
  ].join('\r\n');
}

/** mutt and neomutt take the same settings; the reading is done by key strokes. */
function mutt(name: 'mutt' | 'neomutt', secure: boolean): MailProgram {
  const configure = (desk: Desk, more: string) => {
    const { address, password, ca, ports } = desk.account;
    const user = address.replace('@', '%40');
    const smtp = secure
      ? `smtps://${user}@localhost:${ports.submissions}/`
      : `smtp://${user}@localhost:${ports.submission}/`;
    return write(
      desk,
      'muttrc',
      `set from="${address}" realname="Mario Rossi" use_from=yes copy=no record="" postponed="" folder="${desk.home}"
set smtp_url="${smtp}" smtp_pass="${password}" imap_user="${address}" imap_pass="${password}"
set ssl_force_tls=yes ssl_starttls=yes certificate_file="${ca}" ssl_ca_certificates_file="${ca}"
set mbox_type=mbox confirmcreate=no confirmappend=no delete=no quit=yes move=no sort=mailbox-order
${more}`,
    );
  };
  return {
    name: `${name} over ${secure ? 'TLS' : 'STARTTLS'}`,
    async send(desk, { to, subject, text }) {
      const attachment = write(desk, 'allegato.txt', 'allegato\n');
      await run(desk, name, ['-F', configure(desk, ''), '-s', subject, '-a', attachment, '--', to], text);
    },
    async fetch(desk) {
      const { ports } = desk.account;
      const url = secure ? `imaps://localhost:${ports.imaps}/INBOX` : `imap://localhost:${ports.imap}/INBOX`;
      const keys = '<tag-pattern>~A<enter><tag-prefix><copy-message>tutti.mbox<enter><quit>';
      const config = configure(desk, `push "${keys}"\n`);
      await run(desk, 'script', ['-qec', `${name} -F ${config} -f ${url}`, '/dev/null']);
      return splitMbox(readFileSync(join(desk.home, 'tutti.mbox'), 'latin1'));
    },
  };
}

function splitMbox(mbox: string): Buffer[] {
  const messages = mbox.split(/^From \S+ +\w{3} \w{3} .*\n/m).slice(1);
  // A blank line ends each message; "From " at the start of a line is written ">From ".
  return messages.map((text) => toCrlf(Buffer.from(text.replace(/\n$/, ''), 'latin1')));
}

const curl: MailProgram = {
  name: 'curl over TLS',
  async send(desk, letter) {
    const { account } = desk;
    const file = write(desk, 'letter.eml', writeLetter(desk, letter));
    await run(desk, 'curl', [
      ...['-sS', '--cacert', account.ca, '--user', `${account.address}:${account.password}`],
      ...[`smtps://localhost:${account.ports.submissions}`, '-T', file],
      ...['--mail-from', account.address, '--mail-rcpt', letter.to],
    ]);
  },
  async fetch(desk) {
    const { account } = desk;
    const ask = (path: string, ...more: string[]) =>
      run(desk, 'curl', [
        ...['-sS', '--cacert', account.ca, '--user', `${account.address}:${account.password}`],
        ...[`imaps://localhost:${account.ports.imaps}/${path}`, ...more],
      ]);
    const found = (await ask('INBOX', '-X', 'UID SEARCH ALL')).toString();
    const uids = /^\* SEARCH([ \d]*)/m.exec(found)?.[1]?.trim().split(' ') ?? [];
    const messages: Buffer[] = [];
    for (const uid of uids) messages.push(await ask(`INBOX;UID=${uid}`));
    return messages;
  },
};

const msmtpAndMbsync: MailProgram = {
  name: 'msmtp and mbsync over STARTTLS',
  async send(desk, letter) {
    const { address, password, ca, ports } = desk.account;
    const config = write(
      desk,
      'msmtprc',
      `account pec
host localhost
port ${ports.submission}
tls on
tls_starttls on
tls_trust_file ${ca}
auth on
user ${address}
password ${password}
from ${address}
account default: pec
`,
    );
    await run(desk, 'msmtp', ['-C', config, letter.to], writeLetter(desk, letter));
  },
  async fetch(desk) {
    const { address, password, ca, ports } = desk.account;
    mkdirSync(join(desk.home, 'maildir'));
    const config = write(
      desk,
      'mbsyncrc',
      `IMAPAccount pec
Host localhost
Port ${ports.imap}
User ${address}
Pass "${password}"
SSLType STARTTLS
CertificateFile ${ca}

IMAPStore far
Account pec

MaildirStore near
Path ${desk.home}/maildir/
Inbox ${desk.home}/maildir/INBOX

Channel pec
Far :far:
Near :near:
Patterns INBOX
Create Near
SyncState *
`,
    );
    await run(desk, 'mbsync', ['-c', config, 'pec']);
    const inbox = join(desk.home, 'maildir/INBOX');
    return [...readAll(join(inbox, 'new')), ...readAll(join(inbox, 'cur'))];
  },
};

const pythonSend = `
import smtplib, ssl, sys
from email.message import EmailMessage
port, ca, user, password, to, subject, text = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
message = EmailMessage()
message['From'], message['To'], message['Subject'] = user, to, subject
message.set_content(text + '\\n')
message.add_attachment(b'%PDF-1.4', maintype='application', subtype='pdf', filename='perch\\u00e9.pdf')
with smtplib.SMTP('localhost', int(port)) as smtp:
    smtp.starttls(context=context)
    try:
        smtp.login(user, 'sbagliata')
        sys.exit('a wrong password was taken')
    except smtplib.SMTPAuthenticationError as error:
        assert error.smtp_code == 535, error
    smtp.login(user, password)
    assert smtp.send_message(message) == {}
`;

const pythonFetch = `
import imaplib, os, ssl, sys
port, ca, user, password, folder = sys.argv[1:]
with imaplib.IMAP4_SSL('localhost', int(port), ssl_context=ssl.create_default_context(cafile=ca)) as box:
    box.login(user, password)
    box.select('INBOX', readonly=True)
    for number in box.search(None, 'ALL')[1][0].split():
        data = box.fetch(number, '(BODY.PEEK[])')[1][0][1]
        with open(os.path.join(folder, number.decode() + '.eml'), 'wb') as file:
            file.write(data)
`;

const python: MailProgram = {
  name: 'smtplib over STARTTLS and imaplib over TLS',
  async send(desk, { to, subject, text }) {
    const { address, password, ca, ports } = desk.account;
    const script = write(desk, 'send.py', pythonSend);
    await run(desk, 'python3', [script, `${ports.submission}`, ca, address, password, to, subject, text]);
  },
  async fetch(desk) {
    const { address, password, ca, ports } = desk.account;
    const folder = join(desk.home, 'python');
    mkdirSync(folder);
    const script = write(desk, 'fetch.py', pythonFetch);
    await run(desk, 'python3', [script, `${ports.imaps}`, ca, address, password, folder]);
    return readAll(folder);
  },
};

const node: MailProgram = {
  name: 'nodemailer over TLS and imapflow over STARTTLS',
  async send({ account }, { to, subject, text }) {
    const transport = createTransport({
      host: 'localhost',
      port: account.ports.submissions,
      secure: true,
      auth: { user: account.address, pass: account.password },
      tls: { ca: readFileSync(account.ca) },
    });
    const attachments = [{ filename: 'perché.pdf', content: '%PDF-1.4' }];
    await transport.sendMail({ from: account.address, to, subject, text, attachments });
    transport.close();
  },
  async fetch({ account }) {
    const client = new ImapFlow({
      host: 'localhost',
      port: account.ports.imap,
      secure: false,
      doSTARTTLS: true,
      auth: { user: account.address, pass: account.password },
      tls: { ca: readFileSync(account.ca) },
      logger: false,
    });
    await client.connect();
    await client.mailboxOpen('INBOX', { readOnly: true });
    const found = await client.fetchAll('1:*', { source: true });
    await client.logout();
    return found.flatMap(({ source }) => (source === undefined ? [] : [source]));
  },
};

/** Only fetches; what it leaves on the server it does not change. */
export async function fetchByFetchmail(desk: Desk): Promise<Buffer[]> {
  const { address, password, ca, ports } = desk.account;
  const folder = join(desk.home, 'fetchmail');
  mkdirSync(folder);
  const config = write(
    desk,
    'fetchmailrc',
    `poll localhost service ${ports.imaps} protocol IMAP auth password
  user "${address}" password "${password}"
  ssl sslcertck sslcertfile "${ca}" sslproto "TLS1.2+"
  fetchall keep no rewrite
  mda "cat > $(mktemp ${folder}/XXXXXX)"
`,
  );
  await run(desk, 'fetchmail', ['-f', config, '--nosyslog', '--idfile', join(desk.home, 'ids')]);
  return readAll(folder);
}

/** Only fetches. */
export async function fetchByOfflineimap(desk: Desk): Promise<Buffer[]> {
  const { address, password, ca, ports } = desk.account;
  const config = write(
    desk,
    'offlineimaprc',
    `[general]
accounts = pec
metadata = ${desk.home}/offlineimap-state
ui = quiet

[Account pec]
localrepository = near
remoterepository = far

[Repository near]
type = Maildir
localfolders = ${desk.home}/offlineimap

[Repository far]
type = IMAP
remotehost = localhost
remoteport = ${ports.imaps}
ssl = yes
sslcacertfile = ${ca}
remoteuser = ${address}
remotepass = ${password}
folderfilter = lambda folder: folder == 'INBOX'
readonly = True
`,
  );
  await run(desk, 'offlineimap', ['-o', '-c', config]);
  const inbox = join(desk.home, 'offlineimap/INBOX');
  return [...readAll(join(inbox, 'new')), ...readAll(join(inbox, 'cur'))];
}

export const mailPrograms: readonly MailProgram[] = [
  mutt('mutt', true),
  mutt('neomutt', false),
  curl,
  msmtpAndMbsync,
  python,
  node,
];
