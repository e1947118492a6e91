/** Settings of the authorities that time-stamp the sealed message log. Conventions as in schema.ts. */
import { z } from 'zod';
import { filePath, wholeNumber } from './types.ts';

const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'use 1 to 32 lower-case letters, digits and hyphens')
  .describe('Name for logs and file names; never to be given to another authority later.');

const authority = z.discriminatedUnion('kind', [
  z
    .strictObject({
      kind: z.literal('rfc3161'),
      name,
      url: z
        .string()
        .refine(
          (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
          'write an https:// or http:// address',
        )
        .describe('Where it is asked (RFC 3161 over HTTP).'),
      anchors: z
        .array(filePath('PEM file.'))
        .min(1)
        .describe('PEM files: the CAs under which its stamps must verify.'),
      policy: z
        .string()
        .regex(/^[0-2](?:\.\d+)+$/, 'write an object identifier such as 1.2.3.4')
        .nullable()
        .default(null)
        .describe('Policy to ask for. Null: its own.'),
      user: z.string().min(1).nullable().default(null).describe('User name, if it asks for one.'),
      passwordFile: filePath('File with the password of `user`.').nullable().default(null),
      timeoutSeconds: wholeNumber(1, 300, 30, 'Longest wait for a stamp.'),
    })
    .describe('An authority on the web.'),
  z
    .strictObject({
      kind: z.literal('local'),
      name,
      key: filePath('PEM file: its private key.'),
      chain: filePath('PEM file: its certificate, for time stamping alone, then the CAs that issued it.'),
    })
    .describe("The sandbox's own; only with `sandbox`."),
]);

export const timeStamp = z
  .strictObject({
    authorities: z
      .array(authority)
      .default([])
      .describe(
        'Each stamps every seal. Kind rfc3161 has name, url and anchors (PEM files), and if needed policy, user with passwordFile, timeoutSeconds. Without an authority the seals stay open and the log alarms.',
      ),
    leastStamps: wholeNumber(
      1,
      10,
      1,
      'How many of them make a seal good; the others are asked again for a week.',
    ),
  })
  .prefault({})
  .describe('Time stamps over the message log, sealed after midnight of each legal day (RFC 3161).');
