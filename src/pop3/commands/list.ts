/** LIST and UIDL (RFC 1939 §5, §7): sizes, and names that stay. */
import type { MaildropMessage } from '../../mailbox/maildrop.ts';
import { type Command, transaction } from '../command.ts';
import type { Text } from '../language.ts';
import type { Session } from '../session.ts';
import { readArguments } from '../wire/command-line.ts';

type Describe = (message: MaildropMessage, session: Session) => string;

/** One line for each message, or the line of one. */
function createListing(name: string, describe: Describe, announce: (count: number) => Text): Command {
  return {
    name,
    states: transaction,
    read: (rest) => {
      const [which] = readArguments(rest, 0, 1);
      return which === undefined
        ? (session) => listAll(session, describe, announce)
        : async (session) => {
            const { number, message } = session.messageAt(which);
            session.ok(`${number} ${describe(message, session)}`);
          };
    },
  };
}

async function listAll(
  session: Session,
  describe: Describe,
  announce: (count: number) => Text,
): Promise<void> {
  session.ok(announce(session.measure().count));
  for (const { number, message } of session.remaining()) {
    session.line(`${number} ${describe(message, session)}`);
    if (session.out.full) await session.out.drained();
  }
  session.line('.');
}

export const list: Command = createListing(
  'LIST',
  ({ octets }) => String(octets),
  (count) => ({ en: `${count} messages`, it: `${count} messaggi` }),
);

/** UIDVALIDITY and UID together name a message for ever, in every session and for IMAP too. */
export const uidl: Command = createListing(
  'UIDL',
  ({ uid }, session) => `${session.maildrop.uidValidity}.${uid}`,
  () => ({ en: 'Unique names follow', it: 'Seguono i nomi univoci' }),
);
