/**
 * Which messages a message belongs to, by its header: its own Message-ID and those it refers to. Of certified mail
 * also what its envelope or receipt is about, so that a message, its receipts and the answers come together.
 */
import { lowerAscii } from '../lib/bytes.ts';
import type { MessagePart } from '../mime/message-part.ts';
import { walkParts } from '../mime/part-walk.ts';
import { headerNames } from '../pec/wire-names.ts';

/** Longer chains are cut in the middle: the root and the nearest ancestors tell enough. */
const mostReferences = 50;

/** Message ids without angle brackets, the most telling first: its own, its nearest ancestor, … the root. */
export function readThreadReferences(root: MessagePart): string[] {
  const parts = [root, ...(isCertified(root) ? enclosedOriginals(root) : [])];
  const own = parts.flatMap((part) => idsOf(part, 'message-id').slice(0, 1));
  const about = parts.flatMap((part) => idsOf(part, lowerAscii(headerNames.reference)));
  const parents = parts.flatMap((part) => idsOf(part, 'in-reply-to'));
  const ancestors = parts.flatMap((part) => idsOf(part, 'references').reverse());
  const all = [...new Set([...own, ...about, ...parents, ...ancestors])];
  return all.length <= mostReferences ? all : [...all.slice(0, mostReferences - 1), all.at(-1) ?? ''];
}

/** Only there is an enclosed message the same letter and not one that somebody passes on. */
function isCertified(root: MessagePart): boolean {
  const certified = [headerNames.transport, headerNames.notification].map(lowerAscii);
  return root.fields.some(([name]) => certified.includes(lowerAscii(name)));
}

function enclosedOriginals(root: MessagePart): MessagePart[] {
  for (const part of walkParts(root)) if (part.message !== undefined) return [part.message];
  return [];
}

function idsOf(part: MessagePart, lowerName: string): string[] {
  const values = part.fields.filter(([name]) => lowerAscii(name) === lowerName);
  return values.flatMap(([, value]) => value.match(/<[^<>\s]{1,998}>/g) ?? []).map((id) => id.slice(1, -1));
}
