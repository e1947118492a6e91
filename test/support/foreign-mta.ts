/**
 * Debian's Postfix and Exim as plain mail servers of the domain ordinaria.example, each in the foreground with all its
 * files in a folder of the test's own. They know nothing of certified mail.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../interop/programs.ts';
import { findFreePorts } from './free-ports.ts';
import { runProgram, runWell, type ServerProcess, startServer, waitFor } from './run-program.ts';

export const foreignDomain = 'ordinaria.example';
/** The one mailbox that exists there. */
export const foreignUser = `utente@${foreignDomain}`;

export interface ForeignMta {
  readonly port: number;
  /** Its log until now. */
  log(): string;
  /** Messages in the mailbox, lines ended by CRLF, in no order. */
  mail(): Buffer[];
  stop(): Promise<void>;
}

/** Where it hands mail for the provider's domain. */
export interface Neighbour {
  readonly domain: string;
  readonly port: number;
  /** PEM file: whom to believe. */
  readonly ca: string;
}

const isRoot = process.getuid?.() === 0;
/** Mailboxes belong to whoever runs the test, so that it can read them; a mail server refuses to write for root. */
const mailUser = isRoot ? 65534 : (process.getuid?.() ?? 65534);

/** Mail servers change users, so they must begin as root. */
function asRoot(command: string, args: readonly string[]): [string, readonly string[]] {
  return isRoot ? [command, args] : ['sudo', ['-n', command, ...args]];
}

function makeServerFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'openpec-mta-'));
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, 'mail'));
  chmodSync(join(folder, 'mail'), 0o777);
  return folder;
}

/** Postfix with STARTTLS on both sides; it verifies the certificate of the provider. */
export async function startPostfix(to: Neighbour): Promise<ForeignMta> {
  const folder = makeServerFolder();
  const [port = 0] = await findFreePorts(1);
  for (const name of ['config', 'queue']) mkdirSync(join(folder, name));
  const certificate = ['-keyout', join(folder, 'tls.key'), '-out', join(folder, 'tls.pem'), '-days', '2'];
  await runWell('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${foreignDomain}`],
    ...certificate,
  ]);
  writeFileSync(join(folder, 'config/main.cf'), postfixMain(folder, to));
  writeFileSync(join(folder, 'config/master.cf'), postfixMaster(port));
  const server = startServer(...asRoot('/usr/sbin/postfix', ['-c', join(folder, 'config'), 'start-fg']));
  const stopDaemon = () => runProgram(...asRoot('/usr/sbin/postfix', ['-c', join(folder, 'config'), 'stop']));
  // Standard output is a socket here, which Postfix cannot open by name.
  const file = join(folder, 'postfix.log');
  const log = () => (existsSync(file) ? readFileSync(file, 'utf8') : '') + server.output();
  return finish({ folder, port, server, stopDaemon, log });
}

function postfixMain(folder: string, { domain, port, ca }: Neighbour): string {
  return `compatibility_level = 3.6
queue_directory = ${folder}/queue
data_directory = ${folder}/data
mail_owner = postfix
setgid_group = postdrop
maillog_file_prefixes = ${folder}
maillog_file = ${folder}/postfix.log
myhostname = mx.${foreignDomain}
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
transport_maps = inline:{ {${domain} = smtp:[localhost]:${port}} }
virtual_mailbox_domains = ${foreignDomain}
virtual_mailbox_maps = inline:{ {${foreignUser} = utente/} }
virtual_mailbox_base = ${folder}/mail
virtual_minimum_uid = 1
virtual_uid_maps = static:${mailUser}
virtual_gid_maps = static:${mailUser}
smtpd_tls_security_level = may
smtpd_tls_cert_file = ${folder}/tls.pem
smtpd_tls_key_file = ${folder}/tls.key
smtpd_tls_received_header = yes
smtp_host_lookup = native
smtp_tls_security_level = verify
smtp_tls_CAfile = ${ca}
smtp_tls_loglevel = 1
`;
}

function postfixMaster(port: number): string {
  const lines = [
    `127.0.0.1:${port} inet n - n - - smtpd`,
    'pickup unix n - n 60 1 pickup',
    'cleanup unix n - n - 0 cleanup',
    'qmgr unix n - n 300 1 qmgr',
    'tlsmgr unix - - n 1000? 1 tlsmgr',
    'rewrite unix - - n - - trivial-rewrite',
    'bounce unix - - n - 0 bounce',
    'defer unix - - n - 0 bounce',
    'trace unix - - n - 0 bounce',
    'verify unix - - n - 1 verify',
    'proxymap unix - - n - - proxymap',
    'smtp unix - - n - - smtp',
    'error unix - - n - - error',
    'retry unix - - n - - error',
    'virtual unix - n n - - virtual',
    'anvil unix - - n - 1 anvil',
    'scache unix - - n - 1 scache',
    'postlog unix-dgram n - n - 1 postlogd',
  ];
  return `${lines.join('\n')}\n`;
}

/** Exim, which offers no TLS to others: mail to it goes in clear. */
export async function startExim(to: Neighbour): Promise<ForeignMta> {
  const folder = makeServerFolder();
  const [port = 0] = await findFreePorts(1);
  for (const name of ['spool', 'log']) {
    mkdirSync(join(folder, name));
    chmodSync(join(folder, name), 0o777);
  }
  const config = join(folder, 'exim.conf');
  writeFileSync(config, eximConfig(folder, to), { mode: 0o644 });
  if (!isRoot) await runWell(...asRoot('chown', ['root', config]));
  const args = ['-C', config, '-bdf', '-q1m', '-oX', `127.0.0.1.${port}`, '-oP', join(folder, 'exim.pid')];
  const server = startServer(...asRoot(findProgram('exim4') ?? 'exim4', args));
  const stopDaemon = () =>
    runProgram(...asRoot('kill', [readFileSync(join(folder, 'exim.pid'), 'utf8').trim()]));
  const log = () =>
    readdirSync(join(folder, 'log'))
      .map((file) => readFileSync(join(folder, 'log', file), 'utf8'))
      .join('') + server.output();
  return finish({ folder, port, server, stopDaemon, log });
}

function eximConfig(folder: string, { domain, port }: Neighbour): string {
  return `primary_hostname = mx.${foreignDomain}
spool_directory = ${folder}/spool
log_file_path = ${folder}/log/%slog
exim_path = ${findProgram('exim4')}
keep_environment =
tls_advertise_hosts =
acl_smtp_rcpt = check_rcpt
acl_smtp_data = accept_data
host_lookup =
daemon_smtp_ports = ${port}

begin acl
check_rcpt:
  deny domains = ${foreignDomain}
       ! local_parts = utente
       message = There is no such user here
  accept hosts = 127.0.0.1
accept_data:
  accept

begin routers
certified:
  driver = manualroute
  domains = ${domain}
  route_list = * 127.0.0.1
  self = send
  transport = certified
local:
  driver = accept
  domains = ${foreignDomain}
  transport = maildir

begin transports
certified:
  driver = smtp
  port = ${port}
  allow_localhost
maildir:
  driver = appendfile
  maildir_format
  directory = ${folder}/mail/utente
  create_directory
  return_path_add
  # With a configuration of its own Exim does without the rights to become another user.
  user = Debian-exim
  group = Debian-exim
  directory_mode = 0755
  mode = 0644

begin retry
* * F,1h,1m
`;
}

interface StartedMta {
  readonly folder: string;
  readonly port: number;
  readonly server: ServerProcess;
  readonly stopDaemon: () => Promise<unknown>;
  readonly log: () => string;
}

async function finish({ folder, port, server, stopDaemon, log }: StartedMta): Promise<ForeignMta> {
  let gone = false;
  void server.ended.then(() => {
    gone = true;
  });
  const greets = async () => {
    if (gone) throw new Error(`it ended at once:\n${log()}`);
    const { text } = await runProgram('swaks', ['--server', `127.0.0.1:${port}`, '--quit-after', 'BANNER']);
    return / 220 /.test(text) ? true : undefined;
  };
  const stop = async () => {
    if (!gone) await stopDaemon();
    await server.ended;
    await runWell(...asRoot('rm', ['-rf', folder]));
  };
  try {
    await waitFor('the mail server', greets, { explain: log });
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, log, mail: () => readMaildir(join(folder, 'mail/utente')), stop };
}

function readMaildir(folder: string): Buffer[] {
  return ['new', 'cur'].flatMap((name) => {
    try {
      return readdirSync(join(folder, name)).map((file) => {
        const stored = readFileSync(join(folder, name, file), 'latin1');
        return Buffer.from(stored.replace(/\r?\n/g, '\r\n'), 'latin1');
      });
    } catch {
      return []; // made with the first message
    }
  });
}
