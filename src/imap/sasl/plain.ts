/** SASL PLAIN (RFC 4616): `[authzid] NUL authcid NUL passwd`. */
import { fromByteString, SyntaxProblem } from '../wire/syntax.ts';
import type { SaslExchange, SaslMechanism, SaslResult } from './mechanisms.ts';

async function run(exchange: SaslExchange): Promise<SaslResult> {
  const response = exchange.initial ?? (await exchange.challenge(new Uint8Array()));
  const fields = Buffer.from(response).toString('latin1').split('\0');
  if (fields.length !== 3)
    throw new SyntaxProblem('PLAIN wants authorization name, NUL, name, NUL, password');
  const [acting = '', name = '', password = ''] = fields.map(fromByteString);
  // Acting for somebody else is not offered; naming oneself is harmless.
  if (acting !== '' && acting !== name) return { name, login: undefined };
  return { name, login: await exchange.accounts.authenticate(name, password, 'imap') };
}

export const plain: SaslMechanism = { name: 'PLAIN', run };
