/** Settings about signatures for ordinary mail servers. */
import { z } from 'zod';
import { filePath } from './types.ts';

const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';

export const dkim = z
  .strictObject({
    selector: z
      .string()
      .toLowerCase()
      .regex(new RegExp(`^${label}(?:\\.${label})*$`), 'write a name such as "pec"')
      .describe('The record stands at <selector>._domainkey.<provider domain>.'),
    key: filePath('PEM file: RSA private key, readable by the provider only.'),
  })
  .nullable()
  .default(null)
  .describe(
    'DKIM signature of what goes to ordinary mail servers, as { "selector", "key" }; `pec domain dkim` makes the key and prints the DNS record. Null: no signature.',
  );
