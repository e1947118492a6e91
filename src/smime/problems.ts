/** Everything that can be wrong with a signature, each once: a code for programs, a sentence for people. */

/** What verification may find; `code` is stable, texts may change. */
export interface SignatureProblem {
  readonly code: ProblemCode;
  /** English, one sentence without a full stop, with the detail that matters. */
  readonly text: string;
  /** The same in Italian. */
  readonly italian: string;
}

export type ProblemCode = keyof typeof sentences;

/** A problem with its sentences; `detail` (a name, a date, an address) follows them in brackets. */
export function problem(code: ProblemCode, detail?: string): SignatureProblem {
  const [italian, english] = sentences[code];
  const suffix = detail === undefined ? '' : ` (${detail})`;
  return { code, text: english + suffix, italian: italian + suffix };
}

/** `22/11/2026 10:11:12 UTC`: how a time stands in a sentence. */
export function describeInstant(at: number): string {
  const [day = '', time = ''] = new Date(at).toISOString().split('T');
  return `${day.split('-').reverse().join('/')} ${time.slice(0, 8)} UTC`;
}

const sentences = {
  // The message and its signature part (RFC 8551 §3.5.3).
  'not-signed': ['il messaggio non ha una firma S/MIME', 'the message has no S/MIME signature'],
  'parts-wrong': [
    'il messaggio firmato non ha esattamente due parti, contenuto e firma',
    'the signed message does not consist of exactly two parts, content and signature',
  ],
  'cms-too-large': ['la firma è troppo grande', 'the signature is too large'],
  'cms-broken': ['la firma non è leggibile', 'the signature cannot be read'],
  'content-inside': [
    'la firma contiene un suo contenuto invece di riferirsi al messaggio',
    'the signature holds content of its own instead of referring to the message',
  ],
  'content-missing': ['il file firmato non ha contenuto', 'the signed file holds no content'],
  'content-type-wrong': ['il contenuto firmato non è di tipo dati', 'the signed content is not of type data'],
  // The signer (RFC 5652 §5.3).
  'signer-missing': ['la firma non ha firmatari', 'the signature has no signer'],
  'several-signers': ['la firma ha più di un firmatario', 'the signature has more than one signer'],
  'signer-certificate-missing': [
    'manca il certificato del firmatario',
    'the certificate of the signer is missing',
  ],
  // Signed attributes (RFC 5652 §11).
  'attributes-missing': ['la firma non ha attributi firmati', 'the signature has no signed attributes'],
  'attribute-wrong': [
    'un attributo firmato manca, è ripetuto o è errato',
    'a signed attribute is missing, repeated or wrong',
  ],
  'signing-time-missing': ['manca la data della firma', 'the time of signing is missing'],
  'signing-time-in-future': ['la data della firma è nel futuro', 'the time of signing lies in the future'],
  // Digest and signature value (RFC 5652 §5.4, §5.6).
  'digest-unsupported': ["l'algoritmo di impronta non è ammesso", 'the digest algorithm is not supported'],
  'digest-wrong': [
    'il contenuto è stato alterato: la sua impronta non è quella firmata',
    'the content was altered: its digest is not the signed one',
  ],
  'signature-unsupported': ["l'algoritmo di firma non è ammesso", 'the signature algorithm is not supported'],
  'signature-wrong': [
    'la firma non è del certificato indicato o è stata alterata',
    'the signature was not made by the key of its certificate, or was altered',
  ],
  // The signer's certificate (RFC 6109 §5.5).
  'certificate-broken': [
    'il certificato del firmatario non è leggibile',
    "the signer's certificate cannot be read",
  ],
  'key-too-short': ['la chiave del firmatario è troppo corta', "the signer's key is too short"],
  'usage-wrong': ['il certificato non è fatto per firmare', 'the certificate is not for signing'],
  'purpose-wrong': [
    'il certificato non è fatto per la posta elettronica',
    'the certificate is not for e-mail',
  ],
  'profile-wrong': [
    'il certificato non ha il profilo dei gestori PEC',
    'the certificate does not have the profile of PEC providers',
  ],
  'address-mismatch': [
    "l'indirizzo del mittente non è nel certificato del firmatario",
    "the sender's address is not in the signer's certificate",
  ],
  // The chain (RFC 5280 §6).
  'chain-incomplete': [
    'la catena del certificato non porta a una autorità riconosciuta',
    'the certificate chain does not lead to a trusted authority',
  ],
  'not-yet-valid': ['un certificato non era ancora valido', 'a certificate was not yet valid'],
  expired: ['un certificato era scaduto', 'a certificate had expired'],
  'issuer-unfit': [
    'un certificato della catena non può emettere certificati',
    'a certificate of the chain may not issue certificates',
  ],
  'name-not-permitted': [
    "un nome nel certificato non è fra quelli permessi all'autorità",
    'a name in the certificate is not among those its authority may certify',
  ],
  'extension-unknown': [
    'un certificato ha una estensione critica sconosciuta',
    'a certificate has an unknown critical extension',
  ],
  'algorithm-weak': [
    'un certificato è firmato con un algoritmo superato',
    'a certificate is signed with an outdated algorithm',
  ],
  // Revocation (RFC 5280 §6.3).
  revoked: ['un certificato è stato revocato', 'a certificate was revoked'],
  'revocation-unknown': [
    'manca la lista di revoca di una autorità',
    'the revocation list of an authority is missing',
  ],
  'revocation-stale': [
    'la lista di revoca di una autorità non è aggiornata',
    'the revocation list of an authority is out of date',
  ],
} as const satisfies Record<string, readonly [italian: string, english: string]>;
