/** HEADER.FIELDS and HEADER.FIELDS.NOT (RFC 3501 §6.4.5): chosen fields, byte for byte, then the blank line. */
import { concatBytes } from '../../lib/bytes.ts';
import { parseHeaderBlock } from '../../mime/header.ts';
import type { Section } from './sections.ts';

/** @param header the bytes of a header with its blank line */
export function selectFields(header: Uint8Array, { names, not }: NonNullable<Section['fields']>): Uint8Array {
  const block = parseHeaderBlock(header);
  const chosen = block.fields.filter((field) => field.lowerName !== '' && names.has(field.lowerName) !== not);
  const endOfFields = block.fields.at(-1)?.end ?? 0;
  const blankLine = header.subarray(endOfFields, block.bodyStart);
  return concatBytes([...chosen.map((field) => header.subarray(field.start, field.end)), blankLine]);
}
