/** What the server offers, as CAPA tells it (RFC 2449 §5, §6). */
import { listMechanisms, type SaslMechanism } from '../sasl/mechanisms.ts';
import type { Session } from './session.ts';

interface Capability {
  readonly name: string;
  /** Arguments with a space before them, if any. */
  readonly more?: (session: Session) => string;
  /** Left out: always. */
  readonly when?: (session: Session) => boolean;
}

const secure = (session: Session) => session.link.secure;

const capabilities: readonly Capability[] = [
  { name: 'TOP' },
  { name: 'UIDL' },
  { name: 'RESP-CODES' },
  { name: 'AUTH-RESP-CODE' },
  { name: 'PIPELINING' },
  { name: 'EXPIRE', more: () => ' NEVER' },
  { name: 'STLS', when: (session) => session.state === 'authorization' && !session.link.secure },
  { name: 'USER', when: secure },
  {
    name: 'SASL',
    // RFC 5034 §3: also after the login.
    when: secure,
    more: (session) =>
      ` ${offeredMechanisms(session)
        .map(({ name }) => name)
        .join(' ')}`,
  },
  { name: 'UTF8', more: () => ' USER' },
  { name: 'LANG' },
  { name: 'IMPLEMENTATION', more: () => ' OpenPEC' },
];

/** The lines of CAPA for this session now, in a fixed order. */
export function listCapabilities(session: Session): string[] {
  const without = new Set(session.user?.withoutCapabilities?.map((name) => name.toUpperCase()));
  return capabilities
    .filter(({ name, when }) => !without.has(name) && (when === undefined || when(session)))
    .map(({ name, more }) => `${name}${more?.(session) ?? ''}`);
}

/** Those that a mailbox may be told to do without: what is offered after the login. */
export function optionalCapabilities(): string[] {
  return capabilities.map(({ name }) => name).filter((name) => !['STLS', 'USER', 'SASL'].includes(name));
}

/** What AUTH takes under TLS; SCRAM only where keys are kept. */
export function offeredMechanisms(session: Session): readonly SaslMechanism[] {
  if (!session.link.secure) return [];
  return listMechanisms(session.link.channel).filter(({ name }) => name === 'PLAIN' || session.desk.hasKeys);
}
