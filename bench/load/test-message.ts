/** Messages of a given size, each different: plain text when small, with an attachment when large. */
import { Buffer } from 'node:buffer';

export interface MessagePlan {
  readonly from: string;
  readonly to: readonly string[];
  /** Makes it different from all others. */
  readonly serial: string;
  /** Bytes of the whole message, within one line. */
  readonly size: number;
}

const textLine = 'Si trasmette in allegato quanto richiesto con la nota citata in oggetto.\r\n';
const base64Line = `${'UEVDIGRpIHByb3Zh'.repeat(5).slice(0, 76)}\r\n`;
const largest = 64 * 1024;
const boundary = 'confine-di-prova';
const bodies = new Map<number, Buffer>();

export function buildTestMessage({ from, to, serial, size }: MessagePlan): Buffer {
  const head =
    `Message-ID: <${serial}@client.test>\r\nDate: Fri, 20 Nov 2026 10:00:00 +0100\r\nFrom: <${from}>\r\n` +
    `To: ${to.map((address) => `<${address}>`).join(',\r\n ')}\r\nSubject: Comunicazione n. ${serial}\r\n` +
    `MIME-Version: 1.0\r\n${size > largest ? attachmentHead() : 'Content-Type: text/plain; charset=us-ascii\r\n\r\n'}`;
  const tail = size > largest ? `--${boundary}--\r\n` : '';
  const body = fill(size - head.length - tail.length, size > largest ? base64Line : textLine);
  return Buffer.concat([Buffer.from(head, 'latin1'), body, Buffer.from(tail, 'latin1')]);
}

function attachmentHead(): string {
  return (
    `Content-Type: multipart/mixed; boundary="${boundary}"\r\n\r\n--${boundary}\r\n` +
    `Content-Type: text/plain; charset=us-ascii\r\n\r\n${textLine}--${boundary}\r\n` +
    'Content-Type: application/pdf; name="documento.pdf"\r\nContent-Transfer-Encoding: base64\r\n' +
    'Content-Disposition: attachment; filename="documento.pdf"\r\n\r\n'
  );
}

/** Whole lines of about so many bytes; kept, since most messages of a run are alike. */
function fill(size: number, line: string): Buffer {
  const lines = Math.max(1, Math.floor(size / line.length));
  const known = bodies.get(lines * line.length);
  if (known !== undefined) return known;
  const body = Buffer.from(line.repeat(lines), 'latin1');
  if (bodies.size < 20) bodies.set(body.length, body);
  return body;
}
