/** OLDNAME (RFC 9051 §6.3.9.7): told when a folder's name is kept in another form than the client gave it in. */
import { newFolderName } from './folders.ts';
import type { NamedFolder, Session } from './session.ts';
import { formatString } from './wire/format.ts';
import { wireMailboxName } from './wire/mailbox-name.ts';

/** Attributes in the LIST that follows the command; SELECT has its own LIST. */
const attributes: ReadonlyMap<string, string> = new Map([
  ['APPEND', ''],
  ['CREATE', ''],
  ['DELETE', '\\NonExistent'],
  ['RENAME', ''],
]);

function isConverted({ supplied, name }: NamedFolder): boolean {
  return supplied !== wireMailboxName(name, true);
}

/** ` ("OLDNAME" ("inbox"))`, or nothing when the folder that the command names was named as it is called. */
export function formatOldName({ named }: Session): string {
  const [first] = named;
  if (first === undefined || !named.some(isConverted)) return '';
  return ` ("OLDNAME" (${formatString(first.supplied, true)}))`;
}

/** After the command was carried out. */
export function tellOldName(session: Session, command: string): void {
  const attribute = attributes.get(command);
  const last = session.named.at(-1);
  if (attribute === undefined || last === undefined) return;
  const oldName = formatOldName(session);
  if (oldName === '') return;
  session.untagged(`LIST (${attribute}) "/" ${session.formatMailbox(newFolderName(last.name))}${oldName}`);
}
