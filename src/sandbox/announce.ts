/** What `npm start` prints: settings for a mail program, ready commands and where the files are, in two languages. */
import { relative } from 'node:path';
import { absentProvider, type SandboxFiles } from './places.ts';
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
    `  Nessuno risponde per ${absentProvider.domain}: dopo dodici ore arriva l'avviso di mancata consegna`,
    `  Nobody answers for ${absentProvider.domain}: after twelve hours comes the notice`,
    ...renderAbsent(providers, ca),
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
  const pop3 = [`POP3  localhost:${ports.pop3} STARTTLS`, `localhost:${ports.pop3s} SSL/TLS`];
  return [
    '',
    `  ${name} (${domain})`,
    `    ${smtp.join('   ·   ')}`,
    `    ${imap.join('   ·   ')}`,
    `    ${pop3.join('   ·   ')}`,
    `    impostazioni · settings   https://localhost:${ports.https}/`,
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
  const letter = { from: mario, port: alfa.ports.submission, ca };
  return [
    renderSwaks({ ...letter, to: anna.address, more: ' --attach @README.md' }),
    '',
    renderSwaks({ ...letter, to: remote.address }),
    '',
    `    curl --cacert ${ca} --user '${mario.address}:${mario.password}' 'imaps://localhost:${alfa.ports.imaps}/INBOX;UID=*'`,
  ];
}

function renderAbsent([alfa]: readonly PreparedProvider[], ca: string): string[] {
  const [from] = alfa?.users ?? [];
  if (alfa === undefined || from === undefined) return [];
  return [renderSwaks({ from, port: alfa.ports.submission, ca, to: `chiunque@${absentProvider.domain}` })];
}

interface Letter {
  readonly from: SandboxUser;
  readonly port: number | undefined;
  readonly ca: string;
  readonly to: string;
  /** Further options. */
  readonly more?: string;
}

function renderSwaks({ from, port, ca, to, more = '' }: Letter): string {
  return [
    `    swaks --server localhost:${port} --tls --tls-ca-path ${ca} \\`,
    `          --auth-user ${from.address} --auth-password '${from.password}' \\`,
    `          --from ${from.address} --to ${to} \\`,
    `          --header 'Subject: Prova' --body 'Buongiorno'${more}`,
  ].join('\n');
}
