/** Messages as mail programs write them: plain, with attachments, with what a provider must refuse. */
import { fromLatin1 } from '../src/lib/bytes.ts';
import { encodeBase64Lines } from '../src/mime/transfer.ts';
import type { PlannedMessage } from './plan.ts';
import { viruses } from './provider-parts.ts';
import type { Random } from './random.ts';

/** The bytes of the message; the same message, the same bytes. */
export function buildClientMessage(message: PlannedMessage, random: Random): Uint8Array {
  const { id, from, to, cc, receiptKind, flaw } = message;
  const head = [
    `From: <${from}>`,
    `To: ${to.map((address) => `<${address}>`).join(',\r\n ')}`,
    ...(cc.length === 0 ? [] : [`Cc: ${cc.map((address) => `<${address}>`).join(',\r\n ')}`]),
    ...(flaw === 'bcc' ? ['Bcc: <segreto@gestore0.test>'] : []),
    ...(id % 5 === 0 ? ['Subject: =?utf-8?Q?Citt=C3=A0_numero_?=', ` ${id}`] : [`Subject: Prova ${id}`]),
    ...(id % 7 === 0 ? [] : [`Message-ID: <${id}.${random.integer(0, 1e9)}@pc.test>`]),
    ...(receiptKind === undefined ? [] : [`X-TipoRicevuta: ${receiptKind}`]),
    'MIME-Version: 1.0',
  ];
  const body = id % 3 === 0 ? writeAttachment(message, random) : writeText(message, random);
  return fromLatin1([...head, ...body, ''].join('\r\n'));
}

function writeText({ size, flaw }: PlannedMessage, random: Random): string[] {
  const lines = [
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    'Buongiorno,',
  ];
  for (let written = 0; written < size; written += 74)
    lines.push(
      Buffer.from(random.bytes(36))
        .toString('hex')
        .slice(0, Math.max(1, Math.min(72, size - written))),
    );
  if (size % 2 === 0) lines.push('Perch\xc3\xa9 no.');
  return [...lines, ...infect(flaw)];
}

function writeAttachment({ id, size, flaw }: PlannedMessage, random: Random): string[] {
  const boundary = `parte-${id}`;
  const name = flaw === 'attachment' ? 'gioco.exe' : 'documento.pdf';
  return [
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    '',
    `--${boundary}`,
    'Content-Type: text/plain',
    '',
    'In allegato.',
    ...infect(flaw),
    `--${boundary}`,
    `Content-Type: application/octet-stream; name="${name}"`,
    'Content-Transfer-Encoding: base64',
    `Content-Disposition: attachment; filename="${name}"`,
    '',
    encodeBase64Lines(random.bytes(Math.ceil(size * 0.7))).trimEnd(),
    `--${boundary}--`,
  ];
}

function infect(flaw: PlannedMessage['flaw']): string[] {
  if (flaw === 'virus') return [viruses.known];
  return flaw === 'late-virus' ? [viruses.late] : [];
}
