/** An SMTP relay over a fixed way to one port, and messages for it. */
import type { Segments } from '../../src/lib/segments.ts';
import type { OutgoingMessage, Relay } from '../../src/relay/relay.ts';
import type { MailHost, MailResolver } from '../../src/relay/resolver.ts';
import { createSmtpRelay, type SmtpRelayOptions } from '../../src/relay/smtp.ts';

/** For peers that hang: every wait ends soon. */
export const quick = { connectMs: 300, greetingMs: 300, commandMs: 300, dataMs: 300, finalMs: 300 };

/** For all others: a busy machine must not fail a test. */
const patient = { connectMs: 8000, greetingMs: 8000, commandMs: 8000, dataMs: 8000, finalMs: 8000 };

export function resolverTo(...hosts: (Partial<MailHost> & { port: number })[]): MailResolver {
  return {
    findHosts: async () => hosts.map((host) => ({ host: 'localhost', byRoute: true, ...host })),
    findAddresses: async () => ['127.0.0.1'],
  };
}

/** Inline segments only, in pieces of at most 1000 bytes. */
export async function* readInline(content: Segments): AsyncGenerator<Uint8Array> {
  for (const segment of content) {
    if (!(segment instanceof Uint8Array)) throw new Error('no blobs here');
    for (let at = 0; at < segment.length; at += 1000) yield segment.subarray(at, at + 1000);
  }
}

export function relayTo(port: number, options: Partial<SmtpRelayOptions> = {}): Relay {
  return createSmtpRelay({
    hostname: 'mx.alfa.test',
    resolver: resolverTo({ port }),
    read: readInline,
    timeouts: patient,
    closeMs: 200,
    ...options,
  });
}

export function messageOf(content: string, overrides: Partial<OutgoingMessage> = {}): OutgoingMessage {
  const bytes = Buffer.from(content, 'latin1');
  return {
    reversePath: 'mario.rossi@alfa.test',
    recipients: ['anna.bianchi@beta.test'],
    content: [bytes],
    size: bytes.length,
    eightBit: /[\x80-\xff]/.test(content),
    ...overrides,
  };
}

export const certified = { domain: 'beta.test', requireTls: true };
export const ordinary = { domain: 'beta.test', requireTls: false };
