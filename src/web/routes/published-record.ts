/**
 * The provider's own record of the index, signed (RFC 6109 §4.5): the keeper of the index fetches it where
 * `published.ldifUrl` says, when that is an address of this server.
 */
import type { FastifyInstance } from 'fastify';
import type { RouteParts } from './route.ts';

/** Whoever asks more often gets the same: seconds. */
export const publishedRecordAge = 600;

export function addPublishedRecord(server: FastifyInstance, { publishedRecord }: RouteParts): void {
  if (publishedRecord === undefined) return;
  // The router would read a colon as the beginning of a parameter.
  server.get(publishedRecord.path.replaceAll(':', '::'), async (_request, reply) => {
    const record = await publishedRecord.read();
    return reply
      .type('application/pkcs7-mime; smime-type=signed-data')
      .header('Cache-Control', `max-age=${publishedRecordAge}`)
      .header('Content-Disposition', 'attachment; filename="gestore.ldif.p7m"')
      .send(Buffer.from(record));
  });
}
