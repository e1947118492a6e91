/** ENABLE (RFC 5161). What is not known, or was on already, is passed over in silence. */
import { authenticated, type PlainCommand } from '../command.ts';
import { becomeCondstoreAware } from '../condstore.ts';
import type { Extension, Session } from '../session.ts';

/** What can be enabled, by the name in upper case. */
const extensions: ReadonlyMap<string, Extension> = new Map([
  ['CONDSTORE', 'CONDSTORE'],
  ['QRESYNC', 'QRESYNC'],
  ['IMAP4REV2', 'IMAP4rev2'],
  ['UTF8=ACCEPT', 'UTF8=ACCEPT'],
  ['UIDONLY', 'UIDONLY'],
]);

function enableOne(session: Session, extension: Extension): void {
  if (extension === 'CONDSTORE' || extension === 'QRESYNC') becomeCondstoreAware(session);
  session.enable(extension);
}

export const enable: PlainCommand = {
  name: 'ENABLE',
  states: authenticated,
  announcing: 'all',
  read: (args) => {
    const names: string[] = [];
    do {
      args.space();
      names.push(args.keyword());
    } while (args.peek() === ' ');
    args.end();
    return async (session) => {
      const wanted = [...new Set(names)].flatMap((name) => extensions.get(name) ?? []);
      const fresh = wanted.filter((extension) => !session.has(extension));
      for (const extension of fresh) enableOne(session, extension);
      session.untagged(['ENABLED', ...fresh].join(' '));
      return undefined;
    };
  },
};
