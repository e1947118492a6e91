/**
 * Revocation lists of a simulated world: the authority publishes one every few hours, and at once when a key is revoked;
 * each provider fetches them from a server that answers, or does not, or not as it should. What keeps and judges them is
 * the real code.
 */
import { parseCertificate } from '../src/smime/certificate.ts';
import { parseRevocationList } from '../src/smime/revocation-list.ts';
import { parseTrust, type Trust } from '../src/smime/trust.ts';
import type { KeptDocument, KeptFiles } from '../src/trust/kept-files.ts';
import { type LiveTrust, openLiveTrust } from '../src/trust/live-trust.ts';
import { type WebClient, WebError } from '../src/trust/web-client.ts';
import { authority, strangers } from './authority.ts';
import { hour } from './plan.ts';
import type { SimulatedProvider } from './provider.ts';
import type { Random } from './random.ts';
import type { Life } from './scheduler.ts';

export const listUrl = 'http://liste.test/autorita.crl';
const publishEvery = 6 * hour;
const validFor = 24 * hour;

/** What is wrong with a list; each must be found out. */
const lies = ['stranger', 'forged', 'future', 'half', 'garbage'] as const;

/** Where the authority publishes. */
export class ListServer {
  readonly #beginning: number;
  readonly #revoked = new Map<string, number>();

  constructor(beginning: number) {
    this.#beginning = beginning;
  }

  /** From now on; a key that is revoked already stays so since then. */
  revoke(certificate: Uint8Array, at: number): void {
    const { serialNumber } = parseCertificate(certificate);
    if (!this.#revoked.has(serialNumber)) this.#revoked.set(serialNumber, at);
  }

  /** The newest list at that moment. */
  newestAt(
    moment: number,
    changes: { readonly aheadMs?: number; readonly forged?: boolean } = {},
  ): Uint8Array {
    const revoked = new Map([...this.#revoked].filter(([, at]) => at <= moment));
    // One was out an hour before the world began.
    const round = Math.floor((moment - this.#beginning + hour) / publishEvery);
    const due = this.#beginning - hour + round * publishEvery;
    const thisUpdate = Math.max(due, ...revoked.values()) + (changes.aheadMs ?? 0);
    return authority.buildList({
      number: round + 100 + revoked.size,
      revoked,
      thisUpdate,
      nextUpdate: thisUpdate + validFor,
      ...(changes.forged === true ? { signer: strangers.root.key } : {}),
    });
  }
}

/** Whom one life of a provider believes; to be refreshed when it says so. */
export function openSimulatedTrust(provider: SimulatedProvider, life: Life, random: Random): LiveTrust {
  const { world } = provider;
  const certificates = [...world.certificates()];
  const keptFiles = openSimulatedFiles(provider, life, random);
  return openLiveTrust({
    readAuthorities: () => ({ anchors: [authority.root.certificate], intermediates: [] }),
    listCertificates: () => certificates,
    web: buildWeb(provider, life, random),
    crlFiles: keptFiles,
    ocspFiles: keptFiles,
    clock: () => provider.clock(),
    useCrl: true,
    useOcsp: false,
    maxAgeMs: 24 * hour,
    isAllowed: () => true,
    report: ({ outcome, freshUntil }) => {
      if (outcome === 'fetched') return;
      const isFresh = freshUntil !== undefined && freshUntil >= provider.clock();
      world.conditions.count(isFresh ? 'lists: the last one is kept' : 'lists: none is fresh');
    },
  });
}

function buildWeb(provider: SimulatedProvider, life: Life, random: Random): WebClient {
  const { scheduler, conditions, listServer } = provider.world;
  return async ({ url, timeoutMs }) => {
    const [fault] = conditions.at('lists', provider.number);
    if (fault !== undefined) conditions.count(`lists: ${fault.trouble}`);
    await scheduler.wait(fault?.trouble === 'hangs' ? timeoutMs : random.fraction() * 200, life, 'list');
    const { now } = scheduler;
    switch (fault?.trouble) {
      case 'hangs':
        throw new WebError(`${url}: no answer within ${timeoutMs} ms`);
      case 'away':
        throw new WebError(`${url}: connection refused`);
      case 'late':
        return listServer.newestAt(provider.world.momentOf(fault.from));
      case 'old':
        return listServer.newestAt(now - 25 * hour);
      case 'lies':
        return lie(listServer, random.pick(lies), now);
      default:
        return listServer.newestAt(now);
    }
  };
}

function lie(server: ListServer, how: (typeof lies)[number], now: number): Uint8Array {
  const list = server.newestAt(now);
  switch (how) {
    case 'stranger':
      return strangers.buildList({
        ...{ number: 1, revoked: new Map(), thisUpdate: now, nextUpdate: now + validFor },
      });
    case 'forged':
      return server.newestAt(now, { forged: true });
    case 'future':
      return server.newestAt(now, { aheadMs: 40 * hour });
    case 'half':
      return list.subarray(0, list.length / 2);
    case 'garbage':
      return Buffer.from('<html>temporarily out of order</html>');
  }
}

/** On the provider's disk: whole, or not there; a full disk is full for them too. */
function openSimulatedFiles(provider: SimulatedProvider, life: Life, random: Random): KeptFiles {
  const { scheduler, conditions } = provider.world;
  return {
    load: async (key) => provider.keptLists.get(key),
    save: async (key: string, document: KeptDocument) => {
      await scheduler.wait(random.fraction() * 8, life, 'list kept');
      const faults = conditions.at('disk-full', provider.number);
      if (faults.some(({ probability }) => random.chance(probability))) {
        conditions.count('disk: full');
        throw new Error('ENOSPC: no space left on device');
      }
      provider.keptLists.set(key, document);
    },
  };
}

/** The trust of a world without lists: the same for all. */
export const plainTrust: Trust = parseTrust({ anchors: [authority.root.certificate] });

/** Whether the key is on a list that counts for the provider now. */
export function knowsRevoked(
  { revocationLists }: Pick<Trust, 'revocationLists'>,
  certificate: Uint8Array,
): boolean {
  const { serialNumber } = parseCertificate(certificate);
  return revocationLists.some(({ revoked }) => revoked.has(serialNumber));
}

/** The same of the list on its disk too, so that no crash makes it forget. */
export function knowsRevokedForGood(provider: SimulatedProvider, certificate: Uint8Array): boolean {
  const { serving, keptLists } = provider;
  const kept = keptLists.get(listUrl);
  if (serving === undefined || kept === undefined) return false;
  const onDisk = { revocationLists: [parseRevocationList(kept.bytes)] };
  return knowsRevoked(serving.parts.trust(), certificate) && knowsRevoked(onDisk, certificate);
}

/** Whether it has a list that is fresh by its clock. */
export function hasFreshList({ revocationLists }: Trust, now: number): boolean {
  return revocationLists.some(({ freshUntil }) => freshUntil !== undefined && now <= freshUntil);
}
