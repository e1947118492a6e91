import { decodeHeaderText } from '../../../src/mime/encoded-word.ts';
import { parseHeaderBlock } from '../../../src/mime/header.ts';
import { scanMessage } from '../../../src/mime/part-scanner.ts';
import { decodeTransfer } from '../../../src/mime/transfer.ts';
import type { BuiltMessage } from '../../../src/pec/signed-entity.ts';
import { join } from './sample.ts';

export interface ReadMessage {
  /** Field names in their order. */
  readonly names: readonly string[];
  /** Decoded values by name. */
  readonly header: Readonly<Record<string, string>>;
  readonly plain: string;
  readonly html: string;
  /** daticert.xml, or undefined. */
  readonly xml: string | undefined;
  /** postacert.eml, or undefined. */
  readonly original: Buffer | undefined;
}

/** A built message as a reader sees it. */
export function readBuilt(built: BuiltMessage): ReadMessage {
  const { fields } = parseHeaderBlock(Buffer.concat([built.header, Buffer.from('\r\n')]));
  const content = join(built.content);
  const [texts, ...others] = scanMessage(content).children;
  const decode = (part: (typeof others)[number] | undefined) =>
    part === undefined
      ? undefined
      : Buffer.from(decodeTransfer(part.transferEncoding, content.subarray(part.bodyStart, part.bodyEnd)));
  const [plain, html] = (texts?.children ?? []).map((part) => decode(part)?.toString('latin1') ?? '');
  return {
    names: fields.map(({ name }) => name),
    header: Object.fromEntries(fields.map(({ name, value }) => [name, decodeHeaderText(value)])),
    plain: plain ?? '',
    html: html ?? '',
    xml: decode(others.find(({ subtype }) => subtype === 'xml'))?.toString('utf8'),
    original: decode(others.find(({ subtype }) => subtype === 'rfc822')),
  };
}
