/** Thunderbird's autoconfig at its two places: on the host `autoconfig.DOMAIN`, and below `/.well-known` of the domain. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { readAddress } from '../settings/mail-endpoints.ts';
import { buildThunderbirdSettings } from '../settings/thunderbird.ts';
import { answerNotFound, answerXml, domainOfHost, type RouteParts } from './route.ts';

const paths = ['/mail/config-v1.1.xml', '/.well-known/autoconfig/mail/config-v1.1.xml'];

export function addAutoconfig(server: FastifyInstance, parts: RouteParts): void {
  const answer = async (request: FastifyRequest, reply: FastifyReply) => {
    const domain = findDomain(request);
    if (domain === undefined || !(await parts.isOurDomain(domain))) return answerNotFound(reply);
    return answerXml(reply, buildThunderbirdSettings(parts.provider(), domain));
  };
  for (const path of paths) server.get(path, answer);
}

function findDomain({ query, hostname }: FastifyRequest): string | undefined {
  const { emailaddress } = query as { readonly emailaddress?: unknown };
  if (emailaddress === undefined) return domainOfHost(hostname);
  return typeof emailaddress === 'string' ? readAddress(emailaddress)?.domain : undefined;
}
