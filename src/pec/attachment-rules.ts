import type { MessagePart } from '../mime/message-part.ts';
import { walkParts } from '../mime/part-walk.ts';
import { isForbiddenName } from './attachments/extensions.ts';
import { type ContentReport, isFile, isMessage, namesOf } from './attachments/inspect.ts';
import type { Wording } from './facts.ts';
import { type Finding, listSome } from './findings.ts';

export { ContentInspector } from './attachments/content-inspector.ts';
/**
 * Which attachments the access point refuses, and which ones a recipient is warned of (pec-wire §7.3). Names
 * are read from the part tree; contents are looked into part by part by whoever can read the bytes.
 */
export { defaultForbiddenExtensions, isForbiddenName } from './attachments/extensions.ts';
export { type Allowance, type ContentReport, inspectContent, newAllowance } from './attachments/inspect.ts';
export { readZipDirectory } from './attachments/zip.ts';

/** A part whose decoded content is to be inspected. */
export interface PartToInspect {
  readonly name: string;
  /** Encoded content: first byte and first byte after it, in the message of the tree. */
  readonly start: number;
  readonly end: number;
  readonly transferEncoding: string;
  /** A message whose structure the tree does not show, because it stands in a transfer encoding. */
  readonly isMessage: boolean;
}

/** The leaves of the tree, enclosed messages included, that may hold files. */
export function findPartsToInspect(tree: MessagePart): PartToInspect[] {
  const parts: PartToInspect[] = [];
  for (const part of walkParts(tree)) {
    if (part.children.length > 0 || part.message !== undefined || !isFile(part)) continue;
    const { bodyStart: start, bodyEnd: end, transferEncoding } = part;
    const name = namesOf(part)[0] ?? '';
    parts.push({ name, start, end, transferEncoding, isMessage: isMessage(part) });
  }
  return parts;
}

/** Names in the tree that no attachment may have, enclosed messages and PECs included. */
export function findForbiddenNames(tree: MessagePart, extensions: readonly string[]): string[] {
  const names: string[] = [];
  for (const part of walkParts(tree))
    names.push(...namesOf(part).filter((name) => isForbiddenName(name, extensions)));
  return [...new Set(names)];
}

/** The finding about forbidden attachments, if there are any. */
export function checkAttachments(names: readonly string[], reports: readonly ContentReport[]): Finding[] {
  const forbidden = [...new Set([...names, ...reports.flatMap((report) => report.forbidden)])];
  if (forbidden.length === 0) return [];
  return [
    {
      code: 'forbidden-attachment',
      clause: 'policy',
      status: '5.7.1',
      italian: `allegati di un tipo non ammesso (${listSome(forbidden, 'italian')})`,
      english: `attachments of a kind that is not allowed (${listSome(forbidden, 'english')})`,
    },
  ];
}

/** What the readable text of an envelope says about attachments nobody could look into. */
export function describeWarnings(reports: readonly ContentReport[]): Wording[] {
  const encrypted = reports.flatMap((report) => report.encrypted);
  const macros = reports.flatMap((report) => report.macros);
  const warnings: Wording[] = [];
  if (encrypted.length > 0)
    warnings.push({
      italian: `il messaggio contiene archivi cifrati, che non è stato possibile esaminare (${listSome(encrypted, 'italian')})`,
      english: `the message contains encrypted archives, which could not be examined (${listSome(encrypted, 'english')})`,
    });
  if (macros.length > 0)
    warnings.push({
      italian: `il messaggio contiene documenti con macro (${listSome(macros, 'italian')})`,
      english: `the message contains documents with macros (${listSome(macros, 'english')})`,
    });
  return warnings;
}
