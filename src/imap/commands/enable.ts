/** ENABLE (RFC 5161). What is not known, or was on already, is passed over in silence. */
import { authenticated, type PlainCommand } from '../command.ts';
import { becomeCondstoreAware } from '../condstore.ts';
import { Notifier } from '../notifier.ts';
import type { Extension, Session } from '../session.ts';
import { metadataNews } from '../wire/notify-request.ts';

/** What can be enabled, by the name in upper case. */
const extensions: ReadonlyMap<string, Extension> = new Map([
  ['CONDSTORE', 'CONDSTORE'],
  ['QRESYNC', 'QRESYNC'],
  ['IMAP4REV2', 'IMAP4rev2'],
  ['UTF8=ACCEPT', 'UTF8=ACCEPT'],
  ['UIDONLY', 'UIDONLY'],
  ['METADATA', 'METADATA'],
]);

async function enableOne(session: Session, extension: Extension): Promise<void> {
  if (extension === 'CONDSTORE' || extension === 'QRESYNC') becomeCondstoreAware(session);
  session.enable(extension);
  // Once NOTIFY was used, it alone says what is told (RFC 5465 §3.1).
  if (extension !== 'METADATA' || session.notifications !== undefined) return;
  const notifier = new Notifier(session, metadataNews);
  await notifier.begin(false);
  session.watchBy(notifier);
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
      for (const extension of fresh) await enableOne(session, extension);
      session.untagged(['ENABLED', ...fresh].join(' '));
      return undefined;
    };
  },
};
