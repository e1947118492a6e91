/** What `npm start` prints: settings for a mail program, ready commands and where the files are, in two languages. */
import { relative } from 'node:path';
import type { SandboxFiles } from './places.ts';
import type { PreparedProvider, SandboxUser } from './prepare.ts';

/** The text as one string, lines ended by LF. */
export function renderAnnouncement(
  files: SandboxFiles,
  providers: readonly PreparedProvider[],
  antivirus: string,
): string {
  const here = (file: string) => relative(process.cwd(), file) || '.';
  const ca = here(files.caCertificate);
  return [
    '',
    '  Sandbox PEC: due gestori su questa macchina — two certified mail providers on this machine',
    '  Nulla di ciò che producono vale fuori da qui. Nothing they make is worth anything outside.',
    ...providers.flatMap((provider) => renderProvider(provider)),
    '',
    '  Prova con swaks / Try with swaks',
    ...renderCommands(providers, ca),
    '',
    '  Dodici ore dopo… / Twelve hours later…',
    `    bin/pec sandbox advance 13h${folderOption(here(files.folder))}`,
    '',
    '  File / Files',
    `    certificato da considerare attendibile / certificate to trust   ${ca}`,
    `    indirizzi, porte, password per i programmi / for programs        ${here(files.endpoints)}`,
    ...providers.map(
      (provider) =>
        `    ${provider.name.padEnd(62)}   ${here(files.provider(provider.key).folder)}/  (config.json, data/, provider.log)`,
    ),
    `    antivirus                                                        ${antivirus}`,
    '',
    '  Ctrl-C ferma con ordine; i dati restano. «npm start -- --fresh» ricomincia da capo.',
    '  Ctrl-C stops in order; the data stays. "npm start -- --fresh" starts anew.',
    '',
  ].join('\n');
}

function renderProvider({ name, domain, ports, users }: PreparedProvider): string[] {
  const smtp = [`SMTP  localhost:${ports.submission} STARTTLS`, `localhost:${ports.submissions} SSL/TLS`];
  const imap = [`IMAP  localhost:${ports.imap} STARTTLS`, `localhost:${ports.imaps} SSL/TLS`];
  const pop3 =
    ports.pop3 === undefined
      ? []
      : [`POP3  localhost:${ports.pop3} STARTTLS`, `localhost:${ports.pop3s} SSL/TLS`];
  return [
    '',
    `  ${name} (${domain})`,
    `    ${smtp.join('   ·   ')}`,
    `    ${imap.join('   ·   ')}`,
    ...(pop3.length === 0 ? [] : [`    ${pop3.join('   ·   ')}`]),
    '    nome utente = indirizzo · user name = address',
    ...users.map((user) => `      ${user.address.padEnd(28)} ${user.password}${noteOn(user)}`),
  ];
}

function folderOption(folder: string): string {
  return folder === '.sandbox' ? '' : ` --folder ${folder}`;
}

function noteOn({ address }: SandboxUser): string {
  return address.startsWith('piena@') ? '   (casella piena / full mailbox)' : '';
}

function renderCommands(providers: readonly PreparedProvider[], ca: string): string[] {
  const [alfa, beta] = providers;
  const [mario, anna] = alfa?.users ?? [];
  const remote = beta?.users[1];
  if (alfa === undefined || mario === undefined || anna === undefined || remote === undefined) return [];
  const send = (to: string, attach: string) =>
    [
      `    swaks --server localhost:${alfa.ports.submission} --tls --tls-ca-path ${ca} \\`,
      `          --auth-user ${mario.address} --auth-password '${mario.password}' \\`,
      `          --from ${mario.address} --to ${to} \\`,
      `          --header 'Subject: Prova' --body 'Buongiorno'${attach}`,
    ].join('\n');
  return [
    send(anna.address, ' --attach @README.md'),
    '',
    send(remote.address, ''),
    '',
    `    curl --cacert ${ca} --user '${mario.address}:${mario.password}' 'imaps://localhost:${alfa.ports.imaps}/INBOX;UID=*'`,
  ];
}
