/** `/apple/mario.rossi@example.it.mobileconfig`: the profile to open on an iPhone, iPad or Mac. */
import type { FastifyInstance } from 'fastify';
import { buildAppleProfile } from '../settings/apple-profile.ts';
import { readAddress } from '../settings/mail-endpoints.ts';
import { answerNotFound, type RouteParts } from './route.ts';

const suffix = /\.mobileconfig$/i;

export function addAppleProfile(server: FastifyInstance, parts: RouteParts): void {
  server.get('/apple/:file', async (request, reply) => {
    const { file } = request.params as { readonly file: string };
    const asked = suffix.test(file) ? readAddress(file.replace(suffix, '')) : undefined;
    if (asked === undefined || !(await parts.isOurDomain(asked.domain))) return answerNotFound(reply);
    const profile = buildAppleProfile(parts.provider(), asked);
    if (profile === undefined) return answerNotFound(reply);
    const signed = await parts.signProfile(Buffer.from(profile));
    return reply
      .type('application/x-apple-aspen-config')
      .header('Content-Disposition', 'attachment; filename="pec.mobileconfig"')
      .send(Buffer.from(signed));
  });
}
