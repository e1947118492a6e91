import { domainOf } from '../mime/address.ts';
import type { Recipient } from './facts.ts';
import { type Finding, listSome } from './findings.ts';

/**
 * What a domain or mailbox may do, beyond the rules every message must keep (pec-wire §7.3). Each breach is a
 * finding, so that the sender gets a non-acceptance notice that says why.
 */
export interface SendingPolicy {
  /** May write to certified recipients only. */
  readonly certifiedOnly?: boolean;
  /** Closed group: may write to these domains only, lower case, A-labels. */
  readonly closedGroup?: readonly string[] | undefined;
  /** Sending is blocked, e.g. after a compromise; reception goes on. */
  readonly blocked?: boolean;
}

const clause = 'policy';
const status = '5.7.1';

/** All breaches of the sender's policy by these recipients. */
export function checkSendingPolicy(policy: SendingPolicy, recipients: readonly Recipient[]): Finding[] {
  return [
    ...checkBlock(policy),
    ...checkCertifiedOnly(policy, recipients),
    ...checkClosedGroup(policy, recipients),
  ];
}

function checkBlock({ blocked = false }: SendingPolicy): Finding[] {
  if (!blocked) return [];
  return [
    {
      code: 'sending-blocked',
      clause,
      status,
      italian: "blocco dell'invio dalla casella mittente, disposto dal gestore",
      english: "a block on sending from the sender's mailbox, set by the provider",
    },
  ];
}

function checkCertifiedOnly(
  { certifiedOnly = false }: SendingPolicy,
  recipients: readonly Recipient[],
): Finding[] {
  const ordinary = recipients.filter(({ certified }) => !certified).map(({ address }) => address);
  if (!certifiedOnly || ordinary.length === 0) return [];
  return [
    {
      code: 'certified-recipients-only',
      clause,
      status,
      italian: `destinatari di posta ordinaria non ammessi per il mittente (${listSome(ordinary, 'italian')})`,
      english: `ordinary mail recipients, which this sender may not use (${listSome(ordinary, 'english')})`,
    },
  ];
}

function checkClosedGroup({ closedGroup }: SendingPolicy, recipients: readonly Recipient[]): Finding[] {
  if (closedGroup === undefined) return [];
  const outside = recipients
    .map(({ address }) => address)
    .filter((address) => !isInGroup(closedGroup, address));
  if (outside.length === 0) return [];
  return [
    {
      code: 'closed-group',
      clause,
      status,
      italian: `destinatari esterni al gruppo chiuso del mittente (${listSome(outside, 'italian')})`,
      english: `recipients outside the sender's closed group (${listSome(outside, 'english')})`,
    },
  ];
}

/** True when the address is of a domain of the group; the same rule holds for who writes and who is written to. */
export function isInGroup(closedGroup: readonly string[], address: string): boolean {
  return closedGroup.includes(domainOf(address).toLowerCase());
}
