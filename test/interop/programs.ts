/**
 * The real programs that test/interop talks to, and the Debian packages they come from. A missing one fails the run: a
 * test that silently did not happen proves nothing. `mayBeMissing` is the one way out, and is printed.
 */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

export interface Program {
  readonly command: string;
  /** Debian package. */
  readonly package: string;
  /** The command that brings it onto the machine, when `apt-get install` of the package is not the way. */
  readonly installedBy?: string;
  /** Why a run without it is still good; absent when it is not. */
  readonly mayBeMissing?: string;
}

export const PROGRAMS: readonly Program[] = [
  { command: 'swaks', package: 'swaks' },
  { command: 'openssl', package: 'openssl' },
  { command: 'xmllint', package: 'libxml2-utils' },
  { command: 'qpdf', package: 'qpdf' },
  { command: 'pdftotext', package: 'poppler-utils' },
  { command: 'curl', package: 'curl' },
  { command: 'mutt', package: 'mutt' },
  { command: 'neomutt', package: 'neomutt' },
  { command: 'alpine', package: 'alpine' },
  { command: 'mbsync', package: 'isync' },
  { command: 'fetchmail', package: 'fetchmail' },
  { command: 'msmtp', package: 'msmtp' },
  { command: 'getmail', package: 'getmail6' },
  { command: 'mpop', package: 'mpop' },
  { command: 'gsasl', package: 'gsasl' },
  { command: 'offlineimap', package: 'offlineimap3' },
  { command: 'python3', package: 'python3' },
  { command: 'dkimverify', package: 'python3-dkim' },
  { command: 'clamd', package: 'clamav-daemon' },
  { command: 'postfix', package: 'postfix' },
  { command: 'dovecot', package: 'dovecot-imapd' },
  { command: 'pop3', package: 'dovecot-pop3d' },
  { command: 'testssl', package: 'testssl.sh' },
  { command: 'hexdump', package: 'bsdextrautils' },
  { command: 'exim4', package: 'exim4-daemon-light', installedBy: '.ci/unpack-exim' },
];

/**
 * Where `command` is, as a shell would find it. Daemons live in the sbin folders, which users may not have in PATH, Exim
 * where .ci/unpack-exim puts it, and the programs that Dovecot starts in a folder of theirs.
 */
export function findProgram(command: string): string | undefined {
  const folders = [
    ...(process.env.PATH ?? '').split(':'),
    '/usr/sbin',
    '/usr/local/sbin',
    '/sbin',
    '/opt/exim/usr/sbin',
    '/usr/lib/dovecot',
  ];
  return folders.map((folder) => join(folder, command)).find(isExecutable);
}

/**
 * For `skip` of a test that cannot be on this machine for that reason. With `INTEROP_ALL=1`, as .ci/run has it, nothing is
 * left out: then the reason is an error.
 */
export function skipFor(reason: string | undefined): string | false {
  if (reason === undefined) return false;
  if (process.env.INTEROP_ALL === '1') throw new Error(`${reason}; with INTEROP_ALL=1 nothing is left out`);
  return reason;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
