/** What the server offers, as CAPABILITY tells it (RFC 3501 §6.1.1). */
import { listMechanisms, mechanisms, type SaslMechanism } from '../sasl/mechanisms.ts';
import type { Session } from './session.ts';

interface Capability {
  readonly name: string | ((session: Session) => string);
  /** Left out: always. */
  readonly when?: (session: Session) => boolean;
}

const beforeLogin = (session: Session) => session.state === 'not-authenticated';
const afterLogin = (session: Session) => session.state !== 'not-authenticated';

const capabilities: readonly Capability[] = [
  { name: 'IMAP4rev1' },
  { name: 'IMAP4rev2' },
  { name: 'STARTTLS', when: (session) => beforeLogin(session) && !session.link.secure },
  { name: 'LOGINDISABLED', when: (session) => beforeLogin(session) && !session.link.secure },
  ...mechanisms.map((mechanism) => ({
    name: `AUTH=${mechanism.name}`,
    when: (session: Session) => offeredMechanisms(session).includes(mechanism),
  })),
  { name: 'SASL-IR' },
  { name: 'LITERAL+' },
  { name: 'ID' },
  { name: 'ENABLE' },
  { name: 'IDLE' },
  { name: 'NOTIFY' },
  { name: 'NAMESPACE' },
  { name: 'CHILDREN' },
  { name: 'UNSELECT' },
  { name: 'UIDPLUS' },
  { name: 'MOVE' },
  { name: 'MULTIAPPEND' },
  { name: 'REPLACE' },
  { name: 'BINARY' },
  { name: 'CATENATE' },
  { name: 'URL-PARTIAL' },
  { name: 'OBJECTID' },
  { name: 'SAVEDATE' },
  { name: 'PREVIEW' },
  { name: 'LIST-EXTENDED' },
  { name: 'LIST-STATUS' },
  { name: 'LIST-METADATA' },
  { name: 'LIST-MYRIGHTS' },
  { name: 'SPECIAL-USE' },
  { name: 'CREATE-SPECIAL-USE' },
  { name: 'STATUS=SIZE' },
  { name: 'ESEARCH' },
  { name: 'MULTISEARCH' },
  { name: 'SEARCHRES' },
  { name: 'WITHIN' },
  { name: 'PARTIAL' },
  { name: 'SORT' },
  { name: 'SORT=DISPLAY' },
  { name: 'ESORT' },
  { name: 'CONTEXT=SEARCH' },
  { name: 'CONTEXT=SORT' },
  { name: 'THREAD=ORDEREDSUBJECT' },
  { name: 'THREAD=REFERENCES' },
  { name: 'I18NLEVEL=1' },
  { name: 'CONDSTORE' },
  { name: 'QRESYNC' },
  { name: 'UTF8=ACCEPT' },
  { name: 'UIDONLY' },
  { name: 'INPROGRESS' },
  { name: 'COMPRESS=DEFLATE', when: (session) => afterLogin(session) && !session.link.compressed },
  { name: 'METADATA', when: afterLogin },
  { name: 'ACL', when: afterLogin },
  { name: 'RIGHTS=texk', when: afterLogin },
  { name: 'QUOTA', when: afterLogin },
  { name: 'QUOTA=RES-STORAGE', when: afterLogin },
  { name: (session) => `APPENDLIMIT=${session.limits.messageBytes}` },
];

/** What AUTHENTICATE takes now: nothing before TLS, and SCRAM only where keys are kept. */
export function offeredMechanisms(session: Session): readonly SaslMechanism[] {
  if (!beforeLogin(session) || !session.link.secure) return [];
  return listMechanisms(session.link.channel).filter(({ name }) => name === 'PLAIN' || session.desk.hasKeys);
}

/** The capabilities offered to this session now, in a fixed order. */
export function listCapabilities(session: Session): string[] {
  const without = new Set(session.user?.withoutCapabilities?.map((name) => name.toUpperCase()));
  return capabilities
    .filter(({ when }) => when === undefined || when(session))
    .map(({ name }) => (typeof name === 'string' ? name : name(session)))
    .filter((name) => !without.has(withoutValue(name).toUpperCase()));
}

/** Those that a mailbox may be told to do without; IMAP4rev1 is none, a program could say nothing without it. */
export function optionalCapabilities(): string[] {
  const names = capabilities.map(({ name }) => (typeof name === 'string' ? name : 'APPENDLIMIT'));
  return names.filter((name) => !/^(?:IMAP4rev1|STARTTLS|LOGINDISABLED|AUTH=.*)$/.test(name));
}

/** The limit is a value of the capability, not a part of its name. */
function withoutValue(name: string): string {
  return name.replace(/^APPENDLIMIT=.*/, 'APPENDLIMIT');
}

/** `CAPABILITY IMAP4rev1 …`, for the response and the response code. */
export function formatCapabilities(session: Session): string {
  return `CAPABILITY ${listCapabilities(session).join(' ')}`;
}
