/** What the routes of this room are given, and how they answer. */
import type { FastifyReply } from 'fastify';
import { domainOf } from '../../mime/address.ts';
import type { MailProvider } from '../settings/mail-endpoints.ts';

/** The provider's own record of the index. */
export interface PublishedRecord {
  /** Percent-encoded, as in its address. */
  readonly path: string;
  /** The signed file, DER. */
  readonly read: () => Promise<Uint8Array>;
}

export interface RouteParts {
  /** Asked at each request: ports are known once everything listens. */
  readonly provider: () => MailProvider;
  /** `domain`: lower case, A-labels. */
  readonly isOurDomain: (domain: string) => Promise<boolean>;
  /**
   * A configuration profile signed so that devices show who made it (CMS SignedData around it); the bytes as they are
   * when the key at hand cannot sign one.
   */
  readonly signProfile: (profile: Uint8Array) => Promise<Uint8Array>;
  /** Undefined when it is published elsewhere, or not at all. */
  readonly publishedRecord?: PublishedRecord | undefined;
}

/** The one answer for everything that is not here: it must not tell a missing page from a foreign domain. */
export function answerNotFound(reply: FastifyReply): FastifyReply {
  return reply.code(404).type('text/plain; charset=utf-8').send('Non trovato. Not found.\n');
}

export function answerXml(reply: FastifyReply, xml: string): FastifyReply {
  return reply.type('application/xml; charset=utf-8').send(xml);
}

/** Domain names that mail programs put before a domain to find its settings. */
const lookupNames = /^(?:autoconfig|autodiscover)\./;

/** The domain that a request is about when it names no address: the host that was asked. */
export function domainOfHost(hostname: string): string {
  return domainOf(`x@${hostname}`).replace(lookupNames, '');
}
