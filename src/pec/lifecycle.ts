/**
 * The life of one message for one of its recipients, as data: which state follows which on what happens.
 * The row of the recipient carries the state, both at the sending provider and, from the take-in-charge on,
 * at the receiving one. The four final states exclude each other: exactly one outcome per recipient.
 */
export type RecipientState =
  /** Accepted at the access point; not yet with another server. */
  | 'accepted'
  /** The recipient's server answered 250. For an ordinary recipient this is the end. */
  | 'relayed'
  /** The receiving provider, this one included, answers for it (presa in carico). */
  | 'taken-in-charge'
  /** In the recipient's mailbox; the delivery receipt exists. */
  | 'delivered'
  /** Cannot be delivered; the non-delivery notice, or for ordinary mail the status notification, exists. */
  | 'failed'
  /** The receiving side found a virus (rilevazione virus). */
  | 'infected'
  /** The 24 h notice was sent: the transaction counts as failed (RFC 6109 §3.1.6). */
  | 'expired';

export type LifecycleEvent =
  | 'relayed'
  | 'taken-in-charge'
  | 'delivered'
  | 'failed'
  | 'virus-detected'
  | 'notice-12h'
  | 'notice-24h';

type Row = Readonly<Partial<Record<LifecycleEvent, RecipientState>>>;

const outcomes = {
  delivered: 'delivered',
  failed: 'failed',
  'virus-detected': 'infected',
  'notice-24h': 'expired',
} as const satisfies Row;

/**
 * Events that stand in no row of a state change nothing. The 12 h notice moves nobody: it is a fact beside the
 * state. A delivery receipt may overtake the take-in-charge receipt (RFC 6109 §3.5), so outcomes are
 * allowed from every open state.
 */
export const transitions: Readonly<Record<RecipientState, Row>> = {
  accepted: {
    relayed: 'relayed',
    'taken-in-charge': 'taken-in-charge',
    'notice-12h': 'accepted',
    ...outcomes,
  },
  relayed: { 'taken-in-charge': 'taken-in-charge', 'notice-12h': 'relayed', ...outcomes },
  'taken-in-charge': outcomes,
  delivered: {},
  failed: {},
  infected: {},
  expired: {},
};

export const recipientStates = Object.keys(transitions) as readonly RecipientState[];

/** True when nothing can change any more for this recipient. */
export function isFinal(state: RecipientState, certified = true): boolean {
  return Object.keys(transitions[state]).length === 0 || (!certified && state === 'relayed');
}

export type Transition =
  /** The state to write; the event counts. */
  | { readonly kind: 'move'; readonly to: RecipientState }
  /** The transaction was closed before: log and pass on what came, change nothing. */
  | { readonly kind: 'late' }
  /** Known already (a second take-in-charge, a 250 after the receipt): nothing to do. */
  | { readonly kind: 'none' };

/** What an event does to a recipient in this state. */
export function decideTransition(state: RecipientState, event: LifecycleEvent): Transition {
  const to = transitions[state][event];
  if (to !== undefined) return { kind: 'move', to };
  return { kind: isFinal(state) ? 'late' : 'none' };
}

/** The states from which the event moves a recipient: what a conditional update may ask for. */
export function statesBefore(event: LifecycleEvent): readonly RecipientState[] {
  return recipientStates.filter((state) => transitions[state][event] !== undefined);
}
