import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CoherenceContext, checkCoherence } from '../../../src/pec/coherence.ts';
import type { LogEvent, NotificationReceivedEvent } from '../../../src/pec/events.ts';
import type { MessageFacts } from '../../../src/pec/facts.ts';
import { deliveryFailures } from '../../../src/pec/failures.ts';
import { buildAcceptanceReceipt } from '../../../src/pec/receipts/acceptance.ts';
import { buildTransportEnvelope } from '../../../src/pec/transport-envelope.ts';
import { alfa, at, enclose, lines, facts as sample, values } from './sample.ts';

const here = 'carla@alfa.test';
const away = 'anna@beta.test';
const ordinary = 'luigi@example.com';

const facts: MessageFacts = {
  ...sample,
  recipients: [
    { address: here, certified: true },
    { address: away, certified: true },
    { address: ordinary, certified: false },
  ],
};
const receipt = buildAcceptanceReceipt({ ...values, facts }).generated;
const original = enclose(lines('From: mario@alfa.test', '', 'x'));
const envelope = buildTransportEnvelope({ ...values, facts, original, receiptKind: 'completa' }).generated;

const base = { at, facts, sendingProvider: alfa.name, generated: [] } as const;
const foreign = { ...base, sendingProvider: 'Gestore Beta S.r.l.' } as const;

const accepted: LogEvent = {
  ...base,
  type: 'accepted',
  login: 'mario',
  receiptKind: 'completa',
  size: 1,
  originalSha256: '00',
  generated: [receipt, envelope],
};
const taken = (...takenInCharge: string[]): LogEvent => ({
  ...base,
  type: 'taken-in-charge',
  takenInCharge,
  size: 1,
});
const delivered = (recipient: string): LogEvent => ({
  ...base,
  type: 'delivered',
  recipient,
  receiptKind: 'completa',
});
const notDelivered = (recipient: string): LogEvent => ({
  ...base,
  type: 'not-delivered',
  recipient,
  failure: deliveryFailures.mailboxFull,
});
const timeout = (hours: 12 | 24): LogEvent => ({ ...base, type: 'timeout', hours, recipient: away });
const received = (notification: string, late = false, about = away): NotificationReceivedEvent => ({
  ...base,
  type: 'notification-received',
  notification,
  error: 'nessuno',
  notificationId: '<n@beta.test>',
  issuer: 'Gestore Beta S.r.l.',
  about: [about],
  late,
});
const detected = (recipient: string): LogEvent => ({
  ...base,
  type: 'virus-detected',
  recipient,
  virus: 'v',
});
const told = (recipient: string): LogEvent => ({
  ...base,
  type: 'virus-non-delivery',
  recipient,
  virus: 'v',
});

const context: CoherenceContext = {
  provider: alfa.name,
  isOurDomain: (domain) => domain === 'alfa.test',
  settled: true,
};

/** Breaches as `rule recipient`. */
const check = (events: LogEvent[], settled = true) =>
  checkCoherence(events, { ...context, settled }).map(({ rule, recipient }) =>
    recipient === undefined ? `${rule}` : `${rule} ${recipient}`,
  );

const good: [name: string, events: LogEvent[]][] = [
  ['delivered everywhere', [accepted, taken(here), delivered(here), received('avvenuta-consegna')]],
  ['not delivered', [accepted, taken(here), notDelivered(here), received('errore-consegna')]],
  [
    'the 24 h notice, a receipt after it',
    [accepted, taken(here), delivered(here), timeout(12), timeout(24), received('avvenuta-consegna', true)],
  ],
  [
    'a virus found elsewhere',
    [accepted, taken(here), delivered(here), received('rilevazione-virus'), told(away)],
  ],
  ['a virus found here', [accepted, taken(here), detected(here), told(here), notDelivered(away)]],
  [
    'take-in-charge of the other provider, too',
    [accepted, received('presa-in-carico'), taken(here), delivered(here), received('avvenuta-consegna')],
  ],
  ['addresses in other case', [accepted, taken(here.toUpperCase()), delivered(here), notDelivered(away)]],
];

for (const [name, events] of good) {
  test(`coherent: ${name}`, () => {
    assert.deepEqual(check(events), []);
  });
}

const refused: LogEvent = { ...base, type: 'refused', login: 'm', size: 1, reasons: [] };
const rest = [taken(here), delivered(here), received('avvenuta-consegna')];

const broken: [name: string, events: LogEvent[], expected: string[]][] = [
  ['1: no acceptance', rest, ['1', '1']],
  ['1: accepted twice', [accepted, accepted, ...rest], ['1', '1']],
  ['1: an acceptance without envelope', [{ ...accepted, generated: [receipt] }, ...rest], ['1']],
  ['1: accepted and refused', [accepted, refused], ['1', '1']],
  ['1: refused twice', [refused, refused], ['1']],
  ['2: taken in charge twice', [accepted, taken(here), ...rest], [`2 ${here}`]],
  ['2: never taken in charge', [accepted, delivered(here), received('avvenuta-consegna')], [`2 ${here}`]],
  ['3: delivered twice', [accepted, ...rest, delivered(here)], [`3 ${here}`]],
  ['3: delivered and not delivered', [accepted, ...rest, notDelivered(here)], [`3 ${here}`]],
  ['3: expired and delivered, not late', [accepted, ...rest, timeout(24)], [`3 ${away}`]],
  ['3: no outcome', [accepted, taken(here), delivered(here)], [`3 ${away}`]],
  ['4: detected, not told', [accepted, taken(here), detected(here), notDelivered(away)], [`4 ${here}`]],
  ['4: told, not detected', [accepted, ...rest, told(away)], [`4 ${away}`]],
  [
    '4: told twice',
    [accepted, taken(here), delivered(here), received('rilevazione-virus'), told(away), told(away)],
    [`4 ${away}`],
  ],
  ['5: an ordinary recipient taken in charge', [accepted, ...rest, taken(ordinary)], [`5 ${ordinary}`]],
  ['5: an ordinary recipient delivered', [accepted, ...rest, delivered(ordinary)], [`5 ${ordinary}`]],
  [
    '6: another sender',
    [
      accepted,
      ...rest,
      {
        ...base,
        facts: { ...facts, sender: 'x@alfa.test' },
        type: 'reproduced',
        messageId: '',
        requestedBy: '',
      },
    ],
    ['6'],
  ],
  [
    '6: a recipient no longer certified',
    [
      accepted,
      ...rest,
      {
        ...timeout(12),
        facts: { ...facts, recipients: facts.recipients.map((one) => ({ ...one, certified: false })) },
      } as LogEvent,
    ],
    ['6'],
  ],
  ['6: a record of a stranger', [accepted, ...rest, delivered('nessuno@alfa.test')], ['6 nessuno@alfa.test']],
];

for (const [name, events, expected] of broken) {
  test(`breach of rule ${name}`, () => {
    assert.deepEqual(check(events), expected);
  });
}

test('while mail flows only what is too much is a breach', () => {
  assert.deepEqual(check([accepted], false), []);
  assert.deepEqual(check([accepted, taken(here), detected(here)], false), []);
  assert.deepEqual(check([accepted, ...rest, delivered(here)], false), [`3 ${here}`]);
});

test('a message of another provider: no acceptance, no word about recipients elsewhere', () => {
  const theirs = (event: LogEvent): LogEvent => ({ ...event, sendingProvider: foreign.sendingProvider });
  assert.deepEqual(check([taken(here), delivered(here)].map(theirs)), []);
  assert.deepEqual(check([taken(here), detected(here)].map(theirs)), []);
  assert.deepEqual(check([accepted, taken(here), delivered(here)].map(theirs)), ['1', '1']);
  assert.deepEqual(check([taken(here), detected(here), told(here)].map(theirs)), [`4 ${here}`]);
});

test('an envelope of another provider that reached us for one of our two recipients only', () => {
  const second = 'anna.verdi@alfa.test';
  const both = { ...facts, recipients: [...facts.recipients, { address: second, certified: true }] };
  const theirs = (event: LogEvent) =>
    ({ ...event, facts: both, sendingProvider: foreign.sendingProvider }) as LogEvent;
  assert.deepEqual(check([taken(here), delivered(here)].map(theirs)), []);
  assert.deepEqual(check([taken(here)].map(theirs)), [`3 ${here}`]);
  assert.deepEqual(check([delivered(here)].map(theirs)), [`2 ${here}`]);
  assert.deepEqual(check([taken(here, second), delivered(here)].map(theirs)), [`3 ${second}`]);
  const ours = (event: LogEvent) => ({ ...event, facts: both }) as LogEvent;
  assert.deepEqual(check([accepted, ...rest].map(ours)), [`2 ${second}`, `3 ${second}`]);
});

test('a refused message goes to nobody', () => {
  assert.deepEqual(check([refused]), []);
  assert.deepEqual(check([refused, taken(here), delivered(here)]), [`2 ${here}`, `3 ${here}`]);
});

test('several messages are told apart, and ordinary mail is left out', () => {
  const other = { ...facts, identificativo: 'pec.2@alfa.test' };
  const anomaly: LogEvent = {
    ...foreign,
    facts: other,
    type: 'anomaly',
    reason: { italian: '', english: '' },
    receivedId: undefined,
    size: 1,
  };
  assert.deepEqual(check([accepted, anomaly, ...rest]), []);
  const second = { ...accepted, facts: other } as LogEvent;
  assert.deepEqual(
    checkCoherence([accepted, second, ...rest], context).map(({ identificativo }) => identificativo),
    ['pec.2@alfa.test', 'pec.2@alfa.test', 'pec.2@alfa.test'],
  );
});

test('a notification that is about no message of ours has no part in the history of one', () => {
  const claimed: NotificationReceivedEvent = {
    ...received('avvenuta-consegna'),
    sendingProvider: '',
    facts: { ...facts, sender: 'altri@gamma.test' },
  };
  const context: CoherenceContext = {
    provider: alfa.name,
    isOurDomain: (domain) => domain === 'alfa.test',
    settled: true,
  };
  const history = [accepted, taken(here), delivered(here), received('avvenuta-consegna'), claimed];
  assert.deepEqual(checkCoherence(history, context), []);
});
