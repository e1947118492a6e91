/** The header fields that lists, searches, sorting and threading are about. */

/** Lower case. Whoever asks for others needs the part tree. */
export const headFields: ReadonlySet<string> = new Set([
  'date',
  'subject',
  'from',
  'sender',
  'reply-to',
  'to',
  'cc',
  'bcc',
  'message-id',
  'in-reply-to',
  'references',
  'x-ricevuta',
  'x-trasporto',
  'x-riferimento-message-id',
]);
