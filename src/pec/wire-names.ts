/**
 * Every header name and value of PEC, once. The Italian words stand on the wire and nowhere else.
 * Names and values are compared without regard to case: `X-Tiporicevuta` occurs.
 * RFC 6109 §8.1 and Appendix A, corrected by what providers really send (`X-Trasporto`, `daticert.xml`).
 */
export const headerNames = {
  /** On envelopes only. */
  transport: 'X-Trasporto',
  /** On notifications only. */
  notification: 'X-Ricevuta',
  /** On transport envelopes only; read from the original. */
  receiptKind: 'X-TipoRicevuta',
  /** The client's own Message-ID. */
  reference: 'X-Riferimento-Message-ID',
  /** On virus notices. */
  securityCheck: 'X-VerificaSicurezza',
  /** On virus detections: the sender of the infected message. */
  originalSender: 'X-Mittente',
  /** Ours, on an attested duplicate, which is no receipt and has no `X-Ricevuta`: of what it is one. */
  duplicate: 'X-Duplicato-Attestato',
} as const;

/** `X-Trasporto` (tipo di busta). */
export const transportValues = {
  /** Busta di trasporto. */
  certified: 'posta-certificata',
  /** Busta di anomalia. */
  anomaly: 'errore',
} as const;

/** `X-VerificaSicurezza`. */
export const securityError = 'errore';

/** `X-Ricevuta`, and `tipo` of daticert.xml. */
export const notificationValues = {
  /** Ricevuta di accettazione. */
  acceptance: 'accettazione',
  /** Avviso di non accettazione. */
  nonAcceptance: 'non-accettazione',
  /** Ricevuta di presa in carico. */
  takeInCharge: 'presa-in-carico',
  /** Ricevuta di avvenuta consegna. */
  delivery: 'avvenuta-consegna',
  /** Avviso di mancata consegna, also for virus. */
  nonDelivery: 'errore-consegna',
  /** Avviso di mancata consegna per superamento tempo massimo. */
  timeout: 'preavviso-errore-consegna',
  /** Avviso di rilevazione virus. */
  virusDetection: 'rilevazione-virus',
} as const;

export type NotificationValue = (typeof notificationValues)[keyof typeof notificationValues];

/** `tipo` of `<postacert>`: a notification, or a transport envelope. */
export type CertificationType = NotificationValue | typeof transportValues.certified;

/** `errore` of `<postacert>`. */
export type CertificationError = 'nessuno' | 'no-dest' | 'no-dominio' | 'virus' | 'altro';

export const certificationTypes: readonly CertificationType[] = [
  ...Object.values(notificationValues),
  transportValues.certified,
];

export const certificationErrors: readonly CertificationError[] = [
  'nessuno',
  'no-dest',
  'no-dominio',
  'virus',
  'altro',
];

export const receiptKinds = ['completa', 'breve', 'sintetica'] as const;

/** What stands before the original subject; encoded together with it. */
export const subjectPrefixes = {
  acceptance: 'ACCETTAZIONE: ',
  nonAcceptance: 'AVVISO DI NON ACCETTAZIONE: ',
  virusNonAcceptance: 'AVVISO DI NON ACCETTAZIONE PER VIRUS: ',
  transport: 'POSTA CERTIFICATA: ',
  timeout: 'AVVISO DI MANCATA CONSEGNA PER SUP. TEMPO MASSIMO: ',
  takeInCharge: 'PRESA IN CARICO: ',
  anomaly: 'ANOMALIA MESSAGGIO: ',
  virusDetection: 'PROBLEMA DI SICUREZZA: ',
  virusNonDelivery: 'AVVISO DI MANCATA CONSEGNA PER VIRUS: ',
  delivery: 'CONSEGNA: ',
  nonDelivery: 'AVVISO DI MANCATA CONSEGNA: ',
  duplicate: 'DUPLICATO ATTESTATO: ',
} as const;

/** Names of the parts of the signed multipart/mixed (RFC 6109 §4.3, as providers write them). */
export const partNames = {
  certificationData: 'daticert.xml',
  original: 'postacert.eml',
  /** In an attested duplicate; other names, so that no program takes it for the receipt itself. */
  duplicateData: 'dati-di-certificazione.xml',
  duplicateEntry: 'registrazione.json',
  duplicateProof: 'prova.json',
} as const;

/** What stands before the sender's address in the From of an envelope (RFC 6109 §2.1). */
export const onBehalfOf = 'Per conto di: ';
