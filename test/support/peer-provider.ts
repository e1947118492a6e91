/**
 * Another provider, with an authority of its own and the server of that authority's revocation lists, which does what
 * the test says: it is what the provider under test hears from outside, over SMTP and HTTP.
 */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { TestContext } from 'node:test';
import { createPemSigner } from '../../src/keys/pem.ts';
import { decodePem } from '../../src/lib/pem.ts';
import { parseHeaderBlock } from '../../src/mime/header.ts';
import { rewriteOriginalHead } from '../../src/pec/original-message.ts';
import { buildTransportEnvelope } from '../../src/pec/transport-envelope.ts';
import { buildCrl } from '../../src/pki/crl.ts';
import { createDevelopmentCa } from '../../src/pki/development-ca.ts';
import { issueProviderCertificate } from '../../src/pki/issue.ts';
import type { IndexedProvider } from '../../src/provider-index/provider-index.ts';
import { hashCertificate, parseCertificate } from '../../src/smime/certificate.ts';
import { signMessage } from '../../src/smime/sign.ts';
import { writeMail } from './scenario-mail.ts';

const hour = 3_600_000;

/** `hangs`: takes the question and never answers. `drips`: a byte a second. `endless`: as fast as it is read, for ever. */
export type ListServer = 'answers' | 'hangs' | 'drips' | 'endless';

export interface PeerProvider {
  readonly domain: string;
  readonly record: IndexedProvider;
  /** PEM, for `trust.anchors` and `trust.intermediates`. */
  readonly anchorPem: string;
  readonly intermediatePem: string;
  /** To be set: what its server of lists does, and whether its key is on the list. */
  listServer: ListServer;
  isRevoked: boolean;
  /** Questions for its list so far. */
  readonly asked: number;
  /** A transport envelope from `luigi@<domain>`, signed now. */
  writeEnvelope(to: string, msgid: string): Promise<Buffer>;
}

async function* giveForEver(): AsyncGenerator<Buffer> {
  for (const chunk = Buffer.alloc(65_536); ; ) yield chunk;
}

export async function startPeer(t: TestContext, domain: string): Promise<PeerProvider> {
  const state = { listServer: 'answers' as ListServer, isRevoked: false, asked: 0, number: 0 };
  const timers = new Set<NodeJS.Timeout>();
  const server = createServer((request, response) => void serve(request.url, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const timer of timers) clearInterval(timer);
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const at = Date.now() - hour;
  const organization = `Autorità di ${domain}`;
  const ca = await createDevelopmentCa({
    ...{ organization, mailDomains: [domain], crlUrl: `${url}/mail`, rootCrlUrl: `${url}/root`, at },
  });
  const name = `Gestore ${domain}`;
  const key = await issueProviderCertificate(ca, { providerName: name, domain, at });
  const [der = new Uint8Array()] = decodePem('CERTIFICATE', key.certificatePem);
  const { serialNumber } = parseCertificate(der);
  const signer = createPemSigner(key);

  async function serve(path: string | undefined, response: ServerResponse): Promise<void> {
    state.asked += 1;
    response.on('error', () => undefined);
    if (state.listServer === 'hangs') return;
    if (state.listServer === 'drips') {
      const timer = setInterval(() => response.write('0'), 1000);
      timers.add(timer);
      return;
    }
    // Whoever has enough hangs up: that is no failure here.
    if (state.listServer === 'endless') return pipeline(giveForEver, response).catch(() => undefined);
    state.number += 1;
    const revoked = state.isRevoked && path === '/mail' ? [{ serialNumber, at }] : [];
    const issuer = path === '/root' ? ca.root : ca.mail;
    // Long since made, so that a test may say it was fetched then.
    const times = { thisUpdate: Date.now() - 600 * hour, nextUpdate: Date.now() + 168 * hour };
    response.end(await buildCrl({ issuer, revoked, number: state.number, ...times }));
  }

  return {
    domain,
    record: {
      ...{ name, mailReceipt: `ricevute@${domain}`, managedDomains: [domain] },
      ...{ certificates: [der], certificateHashes: [hashCertificate(der)] },
    },
    anchorPem: ca.root.certificatePem,
    intermediatePem: ca.mail.certificatePem,
    get listServer() {
      return state.listServer;
    },
    set listServer(does) {
      state.listServer = does;
    },
    get isRevoked() {
      return state.isRevoked;
    },
    set isRevoked(revoked) {
      state.isRevoked = revoked;
    },
    get asked() {
      return state.asked;
    },
    async writeEnvelope(to, msgid) {
      const sender = `luigi@${domain}`;
      const message = writeMail({ from: sender, to: [to], msgid, body: 'Buongiorno' });
      const header = parseHeaderBlock(message);
      const identificativo = `pec.${randomBytes(8).toString('hex')}@${domain}`;
      const { head } = rewriteOriginalHead(message.subarray(0, header.bodyStart), identificativo);
      const recipients = [{ address: to, certified: true }];
      const now = Date.now();
      const built = buildTransportEnvelope({
        provider: { name, domain, address: `posta-certificata@${domain}` },
        facts: { identificativo, msgid, sender, recipients, replyTo: sender, subject: 'Prova' },
        at: now,
        original: { header, segments: [head, message.subarray(header.bodyStart)], eightBit: false },
        receiptKind: 'completa',
      });
      const content = Buffer.concat(built.content as Uint8Array[]);
      const contentDigest = createHash('sha256').update(content).digest();
      const { segments } = await signMessage(built, { contentDigest, signingTime: now, signer });
      return Buffer.concat(segments as Uint8Array[]);
    },
  };
}
