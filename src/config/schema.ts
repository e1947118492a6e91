/**
 * Every setting of the provider: its type, its check, its default and its documentation, once. The loader, the
 * file that `pec init` writes, `pec config show` and the table in docs/configuration.md are all read off this
 * schema. Secrets are never settings: a setting names the file that holds one (see secrets.ts).
 *
 * Conventions: sizes are bytes, durations carry their unit in the name, alternatives are objects told apart by
 * `kind`, `null` switches a thing off, and paths are relative to the folder of the configuration file.
 */
import { z } from 'zod';
import { dkim } from './dkim-settings.ts';
import { retention, search } from './keeping-settings.ts';
import { checkWholeConfig } from './rules.ts';
import { timeStamp } from './time-stamp-settings.ts';
import { clock, index, published, trust } from './trust-settings.ts';
import { domainName, filePath, hostName, listener, optionalCount, plainText, wholeNumber } from './types.ts';

const MIB = 1024 * 1024;

/** Extensions no PEC provider takes at the access point, with their dot. */
export const FORBIDDEN_EXTENSIONS = (
  '.asp .bat .chm .cla .class .cmd .com .cpl .csh .exe .hlp .hpj .hta .inf .ins .jar .js .jse .lnk .msc .msh ' +
  '.msh1 .msh1xml .msh2 .msh2xml .mshxml .msi .msp .ocx .ops .pif .pl .prf .prg .ps1 .ps1xml .ps2 .ps2xml ' +
  '.psc1 .psc2 .pst .reg .scf .scr .sct .shb .shs .tmp .url .vb .vbe .vbp .vbs .vsmacros .ws .wsc .wsf .wsh'
).split(' ');

const provider = z
  .strictObject({
    name: plainText('Name of the provider as the law knows it; stands in every receipt (gestore-emittente).'),
    domain: domainName(
      "The provider's own mail domain: receipts come from posta-certificata@<domain>. Must be among the addresses of the signing certificate.",
    ),
    hostname: hostName('Name of this server: SMTP greeting, EHLO and the name mail programs connect to.'),
  })
  .describe('Who the provider is.');

const listen = z
  .strictObject({
    submission: listener(587, 'Access point: SMTP submission with STARTTLS.'),
    submissions: listener(465, 'Access point: SMTP submission over TLS.'),
    mx: listener(25, 'Incoming point: SMTP from other providers.'),
    imap: listener(143, 'IMAP with STARTTLS.'),
    imaps: listener(993, 'IMAP over TLS.'),
    pop3: listener(110, 'POP3 with STLS.'),
    pop3s: listener(995, 'POP3 over TLS.'),
    https: listener(null, 'HTTPS: web pages and the settings of mail programs, usually port 443.'),
    metrics: listener(
      null,
      'Plain HTTP for Prometheus (/metrics) and health checks (/health); keep it on loopback.',
    ),
  })
  .prefault({})
  .describe('Where the provider listens. Each is { "address", "port" }, or null to switch it off.');

const tls = z
  .strictObject({
    certificate: filePath('PEM file: the certificate of the host name, then its intermediates.'),
    key: filePath('PEM file: its private key, readable by the provider only.'),
    minVersion: z.enum(['TLSv1.2', 'TLSv1.3']).default('TLSv1.2').describe('The oldest TLS version spoken.'),
  })
  .describe('TLS towards mail programs and other servers. The files are read again on SIGHUP.');

const signing = z
  .discriminatedUnion('kind', [
    z
      .strictObject({
        kind: z.literal('pem'),
        key: filePath('PEM file: the private key, readable by the provider only.'),
        chain: filePath('PEM file: the certificate of the key, then the CAs that issued it.'),
      })
      .describe('Key and certificates in PEM files.'),
    z
      .strictObject({
        kind: z.literal('pkcs12'),
        file: filePath('PKCS#12 file (.p12, .pfx) with key and certificates.'),
        passwordFile: filePath(
          'File with the password of the PKCS#12 file. Null: the environment variable PEC_SIGNING_PASSWORD.',
        )
          .nullable()
          .default(null),
      })
      .describe('Key and certificates in one PKCS#12 file.'),
  ])
  .describe("The provider's signing key: every receipt and envelope is signed with it (RFC 6109 §5.1).");

const antivirus = z
  .discriminatedUnion('kind', [
    z
      .strictObject({
        kind: z.literal('clamd'),
        socket: z.string().min(1).default('/run/clamav/clamd.ctl').describe("clamd's Unix socket."),
        timeoutSeconds: wholeNumber(1, 600, 60, 'Longest wait for an answer.'),
      })
      .describe('ClamAV by its Unix socket.'),
    z
      .strictObject({
        kind: z.literal('clamd-tcp'),
        host: hostName('Host of clamd.'),
        port: wholeNumber(1, 65_535, 3310, 'Port of clamd.'),
        timeoutSeconds: wholeNumber(1, 600, 60, 'Longest wait for an answer.'),
      })
      .describe('ClamAV by TCP.'),
    z
      .strictObject({ kind: z.literal('eicar-only') })
      .describe('Knows the EICAR test file and nothing else; only with `sandbox`.'),
  ])
  .prefault({ kind: 'clamd' })
  .describe('The virus scanner. While it cannot answer, mail waits (451): "cannot tell" is never "clean".');

const limits = z
  .strictObject({
    recipients: wholeNumber(1, 10_000, 500, 'Recipients of one message. The rules ask for 50 at least.'),
    messageBytes: wholeNumber(
      MIB,
      1024 * MIB,
      100 * MIB,
      'Largest message taken in SMTP; a larger one is refused in the dialogue (552).',
    ),
    certifiedTotalBytes: wholeNumber(
      MIB,
      1024 * 1024 * MIB,
      100 * MIB,
      'Size × recipients of one message; above it the sender gets a non-acceptance notice (RFC 6109 §3.1.1). The rules ask for 30 MB at least.',
    ),
    connections: wholeNumber(1, 100_000, 5000, 'Connections open at the same time, of each protocol.'),
    connectionsPerAddress: wholeNumber(1, 100_000, 100, 'Of these, from one client address.'),
    idleSeconds: wholeNumber(30, 7200, 1800, 'IMAP sessions are closed after so long without a command.'),
    pop3IdleSeconds: wholeNumber(
      30,
      7200,
      600,
      'The same for POP3, whose sessions keep others out of the mailbox; RFC 1939 asks for 600 at least.',
    ),
    smtpIdleSeconds: wholeNumber(30, 3600, 300, 'The same for SMTP.'),
  })
  .prefault({})
  .describe('What one client, one message may ask for.');

const logins = z
  .strictObject({
    scram: z
      .boolean()
      .default(true)
      .describe(
        'Offer SCRAM-SHA-256 and -PLUS, which never send the password. Keys for it are kept beside the password.',
      ),
    scramIterations: wholeNumber(
      10_000,
      65_536,
      65_536,
      'Rounds that a program spends at each such login, and a thief of the keys at each guess. Programs built on Cyrus SASL take no more than 65,536.',
    ),
    smtpChannelBinding: z
      .boolean()
      .default(false)
      .describe(
        'Offer SCRAM-SHA-256-PLUS for sending too, as for IMAP and POP3. mutt and neomutt choose it there, cannot do it and try nothing else.',
      ),
  })
  .prefault({})
  .describe('How mail programs log in.');

const policies = z
  .strictObject({
    forbiddenExtensions: z
      .array(z.string().regex(/^\.[a-z0-9]+$/, 'write it in lower case with its dot, for example ".exe"'))
      .default(FORBIDDEN_EXTENSIONS)
      .describe('Attachments so named are not accepted.'),
    ordinaryMail: z
      .enum(['refuse', 'accept'])
      .default('refuse')
      .describe(
        'Mail that is not certified, arriving for a mailbox that does not say otherwise: refuse it (550), or accept it in an anomaly envelope.',
      ),
    checkOrigin: z
      .boolean()
      .default(true)
      .describe(
        'Ask SPF, DKIM and DMARC about ordinary mail that is accepted; the results stand in the anomaly envelope (Authentication-Results) and in the log, and refuse nothing.',
      ),
    recipientsPerHour: optionalCount(
      'Recipients a mailbox may write to in an hour, when it has no limit of its own. Null: any number.',
    ),
    recipientsPerDay: optionalCount('The same in a day.'),
  })
  .prefault({})
  .describe('What is let in, and what goes out.');

const receipts = z
  .strictObject({
    briefHash: z
      .enum(['sha1', 'sha256'])
      .default('sha1')
      .describe('Hash of attachments in brief receipts (RFC 6109 §3.3.2.2); receivers still expect SHA-1.'),
    localTakeInCharge: z
      .boolean()
      .default(false)
      .describe(
        'Send the ricevuta di presa in carico also between mailboxes of this provider; it is logged in any case.',
      ),
  })
  .prefault({})
  .describe('How receipts are made.');

const relay = z
  .strictObject({
    resolver: z
      .array(z.string().min(1))
      .default([])
      .describe("DNS servers (address or address:port) to ask for MX records. Empty: the system's."),
    routes: z
      .record(
        z.string(),
        z.strictObject({ host: hostName('Host.'), port: wholeNumber(1, 65_535, 25, 'Port.') }),
      )
      .default({})
      .describe('Fixed ways: domain → { "host", "port" }, used instead of its MX records.'),
    connectionsPerDestination: wholeNumber(1, 1000, 20, 'Connections to one destination at the same time.'),
  })
  .prefault({})
  .describe('Mail towards other servers.');

const log = z
  .strictObject({
    level: z
      .enum(['trace', 'debug', 'info', 'warn', 'error'])
      .default('info')
      .describe('Least severe diagnostics written.'),
    file: filePath('File for diagnostics, reopened on SIGHUP. Null: standard error.')
      .nullable()
      .default(null),
  })
  .prefault({})
  .describe(
    'Diagnostics, for the operator. The legal message log is another thing and is in the data folder.',
  );

/** The root of all settings. */
export const configSchema = z
  .strictObject({
    $schema: z.string().optional().describe('For editors; not used.'),
    provider,
    node: z
      .string()
      .regex(/^[a-z0-9]{1,16}$/, 'use 1 to 16 lower-case letters and digits')
      .default('n1')
      .describe(
        'Name of this node, unique among the nodes of the provider; stands in identifiers and log rows.',
      ),
    dataFolder: filePath('Folder of database, messages and logs; created if missing, owner only.').default(
      'data',
    ),
    listen,
    tls,
    signing,
    trust,
    index,
    published,
    antivirus,
    limits,
    logins,
    policies,
    receipts,
    relay,
    dkim,
    timeStamp,
    retention,
    search,
    clock,
    log,
    stopSeconds: wholeNumber(1, 600, 20, 'How long an orderly stop waits for what is under way.'),
    sandbox: z
      .boolean()
      .default(false)
      .describe(
        'Development only: allows stand-ins that must never certify real mail. Needs .test domains and loopback addresses.',
      ),
  })
  .superRefine(checkWholeConfig);

/** What a configuration file may say. */
export type ConfigInput = z.input<typeof configSchema>;

type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T;

/** The settings in force: complete, checked, frozen, with absolute paths. */
export type Config = Frozen<Omit<z.output<typeof configSchema>, '$schema'>>;

export type SigningConfig = Config['signing'];
export type IndexConfig = Config['index'];
export type AntivirusConfig = Config['antivirus'];
export type ListenName = keyof Config['listen'];
export type Listener = NonNullable<Config['listen'][ListenName]>;
