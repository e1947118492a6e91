/** Settings of whom and what the provider believes, and of what it publishes about itself. Conventions as in schema.ts. */
import { z } from 'zod';
import {
  absoluteUrl,
  domainName,
  filePath,
  mailAddress,
  plainText,
  serverAddress,
  wholeNumber,
} from './types.ts';

export const trust = z
  .strictObject({
    anchors: z
      .array(filePath('PEM file.'))
      .min(1)
      .describe(
        "PEM files: the CAs that issue the providers' certificates (AgID's CA; in the sandbox the development CA).",
      ),
    intermediates: z
      .array(filePath('PEM file.'))
      .default([])
      .describe('PEM files: issuing CAs that messages may leave out of their signature.'),
    crl: z
      .enum(['required', 'if-available', 'off'])
      .default('if-available')
      .describe(
        'Revocation lists, fetched from where the certificates say. `required`: mail waits (451) while there is no fresh list for its signer; `if-available`: lists that could be had count; `off`: none is fetched.',
      ),
    crlMaxAgeHours: wholeNumber(
      1,
      24 * 31,
      24,
      'A revocation list fetched longer ago, or past its own due date, is not fresh.',
    ),
    ocsp: z
      .enum(['if-available', 'off'])
      .default('off')
      .describe(
        'OCSP responders, asked in advance about the certificates in the index: their answers count beside the lists. Off: nobody is asked, and no responder learns from whom we get mail.',
      ),
  })
  .describe('Whom the provider believes when a signature arrives.');

const maxAgeHours = wholeNumber(
  24,
  24 * 365,
  168,
  'Oldest copy to work with; beyond it certification stops (451). After 25 hours without a new one the log warns.',
);

export const index = z
  .discriminatedUnion('kind', [
    z
      .strictObject({
        kind: z.literal('file'),
        path: filePath('The index: LDIF, or LDIF in a CMS signature (.ldif.p7m).'),
        maxAgeHours,
      })
      .describe('A file that something else keeps current; read again every hour.'),
    z
      .strictObject({
        kind: z.literal('https'),
        url: absoluteUrl('https:', 'Where the signed index (.ldif.p7m) is fetched.'),
        refreshHours: wholeNumber(
          1,
          24,
          12,
          'How often it is fetched; the rules ask for once a day at least.',
        ),
        clientCertificate: filePath('PEM file: client certificate.').nullable().default(null),
        clientKey: filePath('PEM file: key of the client certificate.').nullable().default(null),
        maxAgeHours,
      })
      .describe('Fetched over HTTPS; the last good copy stays in force.'),
  ])
  .describe('The index of certified mail providers, indice dei gestori (RFC 6109 §4.5).');

const certificates = z.array(filePath('PEM file.')).default([]);

export const published = z
  .strictObject({
    ldifUrl: absoluteUrl(
      'https:',
      'Where our signed LDIF can be fetched (LDIFLocationURL). An address with our own hostname is served by the https listener; elsewhere put the file of `pec index publish`. Null: not said.',
    )
      .nullable()
      .default(null),
    mailReceipt: mailAddress(
      'Where others send prese in carico and virus detections (mailReceipt). Null: as in the index, else ricevute-gestore@<domain>.',
    )
      .nullable()
      .default(null),
    certificates: certificates.describe(
      'PEM files: certificates of ours to publish beside the one that signs: the next one before a renewal, the last one after it.',
    ),
    secondary: z
      .array(
        z.strictObject({
          unit: plainText('Name of the environment (providerUnit).'),
          mailReceipt: mailAddress('Its mailReceipt.'),
          domains: z.array(domainName('Domain.')).min(1),
          certificates,
        }),
      )
      .default([])
      .describe(
        'Secondary environments of this provider, each with a record of its own; without certificates, those of the main one.',
      ),
  })
  .prefault({})
  .describe('What `pec index publish` writes about this provider (RFC 6109 §4.5).');

export const clock = z
  .strictObject({
    ntpServers: z
      .array(serverAddress('NTP server.'))
      .default([])
      .describe(
        'NTP servers to compare the clock with, host or host:port; three or more, so that one that is wrong is outvoted. Empty: no check.',
      ),
    maxOffsetMs: wholeNumber(
      1,
      60_000,
      1000,
      'Beyond it certification stops (451) until the clock is right. Not in a sandbox, whose clock can be moved.',
    ),
    checkMinutes: wholeNumber(1, 24 * 60, 15, 'How often they are asked.'),
    trustedHours: wholeNumber(
      1,
      24 * 31,
      24,
      'How long the clock counts as right when no server answers; then certification stops.',
    ),
  })
  .prefault({})
  .describe("The provider's time, to be within one second of UTC always.");
