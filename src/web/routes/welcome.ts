/** The first page: which servers to write into a mail program, in two languages. */
import type { FastifyInstance } from 'fastify';
import { pageStyle } from '../headers.ts';
import { listServers, type MailProvider, type MailServer } from '../settings/mail-endpoints.ts';
import { escapeXml } from '../xml.ts';
import type { RouteParts } from './route.ts';

const purposes = {
  imap: 'posta in arrivo · incoming mail (IMAP)',
  pop3: 'posta in arrivo · incoming mail (POP3)',
  smtp: 'posta in uscita · outgoing mail (SMTP)',
} as const;

const securities = { tls: 'SSL/TLS', starttls: 'STARTTLS' } as const;

export function addWelcome(server: FastifyInstance, { provider }: RouteParts): void {
  server.get('/', async (_request, reply) =>
    reply.type('text/html; charset=utf-8').send(renderPage(provider())),
  );
}

function renderPage(provider: MailProvider): string {
  const name = escapeXml(provider.name);
  return [
    '<!doctype html>',
    '<html lang="it">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${name} — PEC</title>`,
    `<style>${pageStyle}</style>`,
    '</head>',
    '<body>',
    `<h1>${name}: posta elettronica certificata</h1>`,
    '<p>Le caselle si usano con qualunque programma di posta. Molti trovano le impostazioni da soli: basta scrivere',
    "l'indirizzo e la password. Altrimenti:</p>",
    '<p class="en" lang="en">Mailboxes work with any mail program. Many find these settings by themselves: address and',
    'password are enough. Otherwise:</p>',
    '<table>',
    '<tr><th>server</th><th>host</th><th>porta · port</th><th>sicurezza · security</th></tr>',
    ...listServers(provider).map((server) => renderRow(provider, server)),
    '</table>',
    '<p>Nome utente: l\'indirizzo della casella. <span class="en" lang="en">User name: the mailbox\'s address.</span></p>',
    '<p>iPhone, iPad, Mac: <code>/apple/INDIRIZZO.mobileconfig</code></p>',
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

function renderRow({ hostname }: MailProvider, { protocol, port, security }: MailServer): string {
  const cells = [purposes[protocol], escapeXml(hostname), String(port), securities[security]];
  return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
}
