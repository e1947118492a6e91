/** Outlook's Autodiscover v1. Programs write the path in many ways, so its case does not count. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  buildAutodiscoverAnswer,
  buildAutodiscoverError,
  outlookSchema,
  readQuestion,
} from '../settings/autodiscover.ts';
import { readAddress } from '../settings/mail-endpoints.ts';
import { answerNotFound, answerXml, type RouteParts } from './route.ts';

/** As it stands after the server has made the path lower case. */
export const autodiscoverPath = '/autodiscover/autodiscover.xml';

/** A question is a few hundred bytes. */
const bodyLimit = 16 * 1024;

export function addAutodiscover(server: FastifyInstance, parts: RouteParts): void {
  const options = { bodyLimit };
  server.post(autodiscoverPath, options, async (request: FastifyRequest, reply: FastifyReply) => {
    const question = readQuestion(typeof request.body === 'string' ? request.body : '');
    if (question === undefined) return answerXml(reply, buildAutodiscoverError(600));
    const asked = readAddress(question.address);
    if (asked === undefined || !(await parts.isOurDomain(asked.domain))) return answerNotFound(reply);
    if (question.schema !== outlookSchema) return answerXml(reply, buildAutodiscoverError(601));
    return answerXml(reply, buildAutodiscoverAnswer(parts.provider(), asked.address));
  });
  // Outlook looks with GET whether it is sent elsewhere.
  server.get(autodiscoverPath, async (_request, reply) =>
    reply.code(405).header('Allow', 'POST').type('text/plain; charset=utf-8').send('Ask with POST.\n'),
  );
}
