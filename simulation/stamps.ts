/**
 * The time-stamp authority of a simulated world, as one provider sees it: it answers, is away, never answers, or
 * answers what is no stamp for this request. The real client asks it, and believes nothing unverified.
 */
import { hash } from 'node:crypto';
import { encodeSequence } from '../src/lib/der.ts';
import { buildToken } from '../src/tsa/build-token.ts';
import { localPolicy } from '../src/tsa/local.ts';
import { sha256Imprint } from '../src/tsa/message-imprint.ts';
import { readRequest, type TimeStampRequest } from '../src/tsa/request.ts';
import { buildGranted, buildRejection } from '../src/tsa/response.ts';
import { createRemoteAuthority } from '../src/tsa/rfc3161.ts';
import type { TimeStampAuthority } from '../src/tsa/time-stamp.ts';
import { stampUnavailable } from '../src/tsa/unavailable.ts';
import { authority, type CertifiedKey, signWith, strangers } from './authority.ts';
import { hour } from './plan.ts';
import type { SimulatedProvider } from './provider.ts';
import type { Random } from './random.ts';
import type { Life } from './scheduler.ts';

export const stamperName = 'marche';
/** As long as a client waits for an answer. */
const patience = 20_000;

/** What is wrong with an answer; each must be found out. */
const lies = ['digest', 'nonce', 'time', 'stranger', 'garbage', 'rejection'] as const;

export function buildStamper(provider: SimulatedProvider, life: Life, random: Random): TimeStampAuthority {
  const { conditions, scheduler, trust } = provider.world;
  const exchange = async (request: Uint8Array): Promise<Uint8Array> => {
    const [fault] = conditions.at('stamps', provider.number);
    if (fault !== undefined) conditions.count(`time stamps: ${fault.trouble}`);
    await scheduler.wait(fault?.trouble === 'hangs' ? patience : random.fraction() * 200, life, 'stamp');
    if (fault?.trouble === 'hangs') throw stampUnavailable(stamperName, `no answer in ${patience} ms`);
    if (fault?.trouble === 'away') throw stampUnavailable(stamperName, 'connection refused');
    const lie = fault === undefined ? undefined : random.pick(lies);
    return answer(request, lie, scheduler.now);
  };
  return createRemoteAuthority({
    name: stamperName,
    trust: () => trust,
    clock: () => provider.clock(),
    random: (length) => random.bytes(length),
    exchange,
  });
}

async function answer(
  der: Uint8Array,
  lie: (typeof lies)[number] | undefined,
  now: number,
): Promise<Uint8Array> {
  if (lie === 'garbage') return encodeSequence(Buffer.from('not an answer'));
  if (lie === 'rejection') return buildRejection('systemFailure', 'out of order');
  const request = readRequest(der);
  if (request === undefined) throw new Error('the client asked for no time stamp');
  const asked = lie === 'digest' ? { ...request, imprint: sha256Imprint(Buffer.alloc(32, 1)) } : request;
  const key = (lie === 'stranger' ? strangers : authority).issueStamper(stamperName);
  return buildGranted(
    await stamp(lie === 'nonce' ? { ...asked, nonce: Buffer.of(1) } : asked, {
      key,
      time: Math.floor(now) + (lie === 'time' ? -2 * hour : 0),
    }),
  );
}

function stamp(
  { imprint, nonce }: TimeStampRequest,
  { key, time }: { readonly key: CertifiedKey; readonly time: number },
): Promise<Uint8Array> {
  const serialNumber = hash('sha256', Buffer.concat([imprint.digest, nonce ?? Buffer.alloc(0)]), 'buffer');
  return buildToken({
    info: {
      policy: localPolicy,
      imprint,
      serialNumber: new Uint8Array([0x40, ...serialNumber.subarray(0, 15)]),
      time,
      nonce,
    },
    signer: signWith(key),
    withCertificates: true,
  });
}
