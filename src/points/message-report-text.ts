/** The report on a message in Italian, for people who know the law and not the format: short lines, no codes. */
import { romeTime } from '../mime/date.ts';
import type { CertificationData } from '../pec/certification-data.ts';
import type { MessageReport, ReportedSignature } from './message-report.ts';
import type { ReportedRevocation } from './revocation-report.ts';

/** Lines for a terminal or a page, without line ends; nothing in them can move a cursor. */
export function formatReport(report: MessageReport): string[] {
  return [
    conclusions[report.conclusion],
    '',
    `Tipo: ${report.kind.italian}${report.conclusion === 'invalid' ? ' (secondo quanto dichiara)' : ''}`,
    ...formatSignature(report.signature),
    ...formatList(
      'Altri problemi',
      report.objections.map(({ italian }) => italian),
    ),
    ...(report.certificationData === undefined
      ? []
      : formatData(report.certificationData, report.conclusion !== 'invalid')),
    ...formatList(
      'Note',
      report.notes.map(({ italian }) => italian),
    ),
  ].map(printable);
}

const conclusions: Readonly<Record<MessageReport['conclusion'], string>> = {
  certified: 'MESSAGGIO DI POSTA CERTIFICATA VALIDO: firmato da un gestore, non alterato, coerente.',
  unproved:
    "FIRMA VALIDA, GESTORE NON CONTROLLATO: il messaggio non è alterato, ma senza l'indice dei gestori non si può dire se chi firma è un gestore.",
  invalid: 'MESSAGGIO NON VALIDO COME POSTA CERTIFICATA: i motivi sono qui sotto.',
  ordinary: 'MESSAGGIO DI POSTA ORDINARIA: non certifica nulla.',
};

function formatSignature(signature: ReportedSignature): string[] {
  if (signature.state === 'absent') return ['Firma: assente'];
  const { signer } = signature;
  const lines = [`Firma: ${signature.state === 'good' ? 'valida' : 'NON VALIDA'}`];
  if (signature.signedAt !== undefined) lines.push(`  Data della firma: ${formatTime(signature.signedAt)}`);
  if (signer !== undefined)
    lines.push(
      `  Firmatario: ${signer.name}`,
      `  Indirizzo nel certificato: ${signer.addresses.join(', ') || 'nessuno'}`,
      `  Certificato valido dal ${formatTime(signer.validFrom)} al ${formatTime(signer.validTo)}`,
      `  Impronta del certificato (SHA-1): ${signer.hash}`,
    );
  lines.push(...signature.issuers.map((issuer) => `  Emesso da: ${issuer}`));
  if (signature.provider !== undefined) lines.push(`  Gestore nell'indice: ${signature.provider}`);
  lines.push(...formatRevocation(signature.revocation));
  return [
    ...lines,
    ...formatList(
      'Problemi della firma',
      signature.problems.map(({ italian }) => italian),
    ),
  ];
}

/** On what the verdict rests: without a list nobody can say that a certificate was not revoked. */
function formatRevocation(checks: readonly ReportedRevocation[]): string[] {
  if (checks.length === 0) return [];
  if (checks.every(({ source }) => source === 'none'))
    return ['  Revoche: NON controllate, perché non ci sono liste di revoca a disposizione'];
  return checks.map(({ certificate, authority, source, madeAt, coversSigning }) => {
    if (source === 'none' || madeAt === undefined)
      return `  Revoca di ${certificate}: NON controllata (nessuna lista di ${authority} a disposizione)`;
    const what = source === 'list' ? 'lista di revoca' : 'risposta OCSP';
    const old = coversSigning ? '' : '; alla data della firma era scaduta';
    return `  Revoca di ${certificate}: controllata (${what} di ${authority} del ${formatTime(madeAt)}${old})`;
  });
}

function formatData(data: CertificationData, isProved: boolean): string[] {
  const optional = (label: string, value: string | undefined) =>
    value === undefined ? [] : [`  ${label}: ${value}`];
  return [
    isProved ? 'Dati di certificazione:' : 'Dati di certificazione (non provati):',
    `  Gestore: ${data.provider}`,
    `  Data: ${data.time.day} alle ${data.time.time} (${data.time.zone})`,
    `  Mittente: ${data.sender}`,
    ...data.recipients.map(
      ({ address, certified }) =>
        `  Destinatario: ${address} (posta ${certified ? 'certificata' : 'ordinaria'})`,
    ),
    `  Oggetto: ${data.subject}`,
    `  Identificativo: ${data.identificativo}`,
    ...optional('Message-ID del mittente', data.msgid),
    ...optional('Ricevuta', data.receiptKind),
    ...optional('Consegna', data.delivery),
    ...(data.takenInCharge ?? []).map((address) => `  Presa in carico per: ${address}`),
    ...(data.error === 'nessuno' ? [] : [`  Errore: ${data.error}`]),
    ...optional('Dettaglio', data.extendedError),
  ];
}

function formatList(title: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`${title}:`, ...items.map((item) => `  - ${item}`)];
}

function formatTime(iso: string): string {
  const { day, time, zone } = romeTime(Date.parse(iso));
  return `${day} ${time} (${zone})`;
}

/** Subjects and names come from outside: no control or direction character of them reaches a terminal. */
function printable(line: string): string {
  return line.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
}
