/**
 * An entry of the log as an extract shows it to its holder or to a court: the fields of RFC 6109 §2.3 in Italian
 * words, and no other. The number in its stream names the entry for whoever checks it.
 */
import { romeTime } from '../../mime/date.ts';
import type { LogEvent, LogEventType } from '../../pec/events.ts';
import type { GeneratedKind } from '../../pec/generated.ts';
import type { LoggedEvent } from '../find.ts';

export interface ExtractEntry {
  /** `node/number`. */
  readonly registrazione: string;
  /** `gg/mm/aaaa` in Italian legal time. */
  readonly data: string;
  readonly ora: string;
  /** `+0100` or `+0200`. */
  readonly zona: string;
  readonly evento: string;
  /** Whom the act concerned, where that is not every recipient. */
  readonly riguarda: readonly string[];
  readonly identificativo: string;
  /** Empty when the sender's program wrote none. */
  readonly msgid: string;
  readonly mittente: string;
  readonly destinatari: readonly { readonly indirizzo: string; readonly tipo: 'certificato' | 'esterno' }[];
  readonly oggetto: string;
  readonly messaggiGenerati: readonly { readonly tipo: string; readonly messageId: string }[];
  readonly gestoreMittente: string;
}

const eventNames: Readonly<Record<LogEventType, string>> = {
  accepted: 'accettazione',
  refused: 'non accettazione',
  'refused-for-virus': 'non accettazione per virus',
  relayed: 'inoltro',
  'taken-in-charge': 'presa in carico',
  'notification-received': 'ricezione di notifica',
  anomaly: 'busta di anomalia',
  'ordinary-refused': 'rifiuto di posta ordinaria',
  'virus-detected': 'rilevazione di virus',
  delivered: 'avvenuta consegna',
  'not-delivered': 'mancata consegna',
  'put-into-mailbox': 'deposito nella casella',
  timeout: 'superamento del tempo massimo',
  'virus-non-delivery': 'avviso di mancata consegna per virus',
  'ordinary-failed': 'mancato inoltro a destinatario esterno',
  reproduced: 'riproduzione di ricevuta',
  extracted: 'estratto del log',
};

const generatedNames: Readonly<Record<GeneratedKind, string>> = {
  'acceptance-receipt': 'ricevuta di accettazione',
  'non-acceptance-notice': 'avviso di non accettazione',
  'virus-non-acceptance-notice': 'avviso di non accettazione per virus',
  'transport-envelope': 'busta di trasporto',
  'timeout-notice': 'avviso di mancata consegna per superamento del tempo massimo',
  'take-in-charge-receipt': 'ricevuta di presa in carico',
  'anomaly-envelope': 'busta di anomalia',
  'virus-detection-notice': 'avviso di rilevazione virus',
  'virus-non-delivery-notice': 'avviso di mancata consegna per virus',
  'delivery-receipt': 'ricevuta di avvenuta consegna',
  'non-delivery-notice': 'avviso di mancata consegna',
  'duplicate-attestation': 'duplicato attestato',
};

export function describeEntry({ node, seq, event }: LoggedEvent): ExtractEntry {
  const { at, facts, generated, sendingProvider } = event;
  const { day, time, zone } = romeTime(at);
  return {
    registrazione: `${node}/${seq}`,
    data: day,
    ora: time,
    zona: zone,
    evento: describeEvent(event),
    riguarda: concerned(event),
    identificativo: facts.identificativo,
    msgid: facts.msgid ?? '',
    mittente: facts.sender,
    destinatari: facts.recipients.map(({ address, certified }) => ({
      indirizzo: address,
      tipo: certified ? 'certificato' : 'esterno',
    })),
    oggetto: facts.subject,
    messaggiGenerati: generated.map(({ kind, messageId }) => ({ tipo: generatedNames[kind], messageId })),
    gestoreMittente: sendingProvider,
  };
}

function describeEvent(event: LogEvent): string {
  // A version that wrote another kind of act may have written this log.
  const name = eventNames[event.type] ?? event.type;
  if (event.type === 'notification-received') return `${name}: ${event.notification}`;
  return event.type === 'timeout' ? `${name} (${event.hours} ore)` : name;
}

function concerned(event: LogEvent): readonly string[] {
  if ('recipient' in event) return [event.recipient];
  if ('takenInCharge' in event) return event.takenInCharge;
  if ('about' in event) return event.about;
  if ('mailbox' in event) return [event.mailbox];
  return [];
}
