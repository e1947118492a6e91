/**
 * What must hold after every scenario, whatever happened in it: the logs obey the coherence rules and their chain
 * is whole; every receipt and envelope that the log says was written lies where it belongs, once; every certified
 * message in a mailbox has a good signature.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chainStart, checkChain } from '../../src/message-log/check-chain.ts';
import { listNodes } from '../../src/message-log/find.ts';
import { parseAddressList } from '../../src/mime/address.ts';
import { checkCoherence } from '../../src/pec/coherence.ts';
import type { LogEvent } from '../../src/pec/events.ts';
import { findPecParts } from '../../src/pec/pec-parts.ts';
import { verifySignedMessage } from '../../src/smime/verify.ts';
import { readTrust } from '../../src/wire.ts';
import { decodePart, fieldOf, type StoredMail } from './scenario-mail.ts';
import type { Site } from './scenario-site.ts';

/** All checks of one provider; `sites` are all there are. */
export async function checkSite(site: Site, sites: readonly Site[]): Promise<void> {
  await checkLogChain(site);
  const events = await site.events();
  const settled = (await Promise.all(sites.map((one) => one.isSettled()))).every(Boolean);
  const context = {
    provider: site.name,
    isOurDomain: (domain: string) => domain === site.domain,
    settled,
  };
  assert.deepEqual(checkCoherence(events, context), [], `the log of ${site.domain} is not coherent`);
  const boxes = await readBoxes(site);
  for (const [name, mails] of boxes)
    for (const { mail, whole } of mails)
      if (whole) checkSignature(site, mail, `${site.address(name)}: ${mail.kind}`);
  checkReceipts(events, boxes, site);
}

async function checkLogChain(site: Site): Promise<void> {
  await site.stores.db.read(async (tx) => {
    for (const node of await listNodes(tx)) {
      const { problems } = await checkChain(tx, node, chainStart, 1_000_000);
      assert.deepEqual(problems, [], `the chain of ${node} is broken`);
    }
  });
}

type Boxes = ReadonlyMap<string, readonly { readonly mail: StoredMail; readonly whole: boolean }[]>;

async function readBoxes(site: Site): Promise<Boxes> {
  const boxes = new Map<string, Awaited<ReturnType<Site['mailHeads']>>>();
  for (const name of await site.listMailboxes()) boxes.set(name, await site.mailHeads(name));
  return boxes;
}

/** Every message of the provider's own making that belongs into a mailbox here is there exactly once. */
function checkReceipts(events: readonly LogEvent[], boxes: Boxes, site: Site): void {
  const count = (address: string, messageId: string) => {
    const [name = '', domain = ''] = address.toLowerCase().split('@');
    if (domain !== site.domain) return undefined;
    return boxes.get(name)?.filter(({ mail }) => fieldOf(mail.header, 'Message-ID') === messageId).length;
  };
  for (const event of events) {
    for (const { kind, messageId } of event.generated) {
      if (kind === 'transport-envelope' || kind === 'anomaly-envelope' || event.type === 'taken-in-charge')
        continue;
      if (event.type === 'virus-detected') continue;
      const found = count(event.facts.sender, messageId);
      if (found !== undefined)
        assert.equal(found, 1, `${kind} ${messageId} in ${event.facts.sender}'s mailbox`);
    }
    if (event.type !== 'delivered') continue;
    const envelopes = count(event.recipient, `<${event.facts.identificativo}>`);
    assert.equal(envelopes, 1, `envelopes of ${event.facts.identificativo} in ${event.recipient}'s mailbox`);
  }
  // Conversely: a certified message in a mailbox stands in the log as delivered there.
  for (const [name, mails] of boxes)
    for (const { mail } of mails.filter((one) => one.mail.kind === 'posta-certificata')) {
      const id = fieldOf(mail.header, 'Message-ID');
      const logged = events.filter(
        (event) =>
          event.type === 'delivered' &&
          `<${event.facts.identificativo}>` === id &&
          event.recipient === site.address(name),
      );
      assert.equal(logged.length, 1, `deliveries of ${id} to ${name} in the log`);
    }
}

function checkSignature(site: Site, { bytes, header, tree, kind }: StoredMail, what: string): void {
  if (kind === 'ordinaria') return;
  const parts = findPecParts(tree);
  assert.ok(parts !== undefined, `${what} has not the structure of certified mail`);
  const content = bytes.subarray(parts.mixed.headerStart, parts.mixed.bodyEnd);
  const from = parseAddressList(fieldOf(header, 'From') ?? '').addresses[0]?.address ?? '';
  const verdict = verifySignedMessage({
    tree,
    cms: decodePart(bytes, parts.signature),
    contentDigests: { sha256: createHash('sha256').update(content).digest() },
    trust: readTrust(site.config),
    policy: { mode: 'live', profile: 'provider', revocation: 'none' },
    now: site.now(),
    from,
  });
  assert.deepEqual(verdict.problems, [], what);
}

/** What openssl says of the message; throws when it does not verify. The signed content is given back. */
export function verifyWithOpenssl(site: Site, folder: string, mail: StoredMail): Buffer {
  const file = join(folder, 'openssl.eml');
  writeFileSync(file, mail.bytes);
  const trust = [...site.config.trust.anchors].flatMap((anchor) => ['-CAfile', anchor]);
  return execFileSync('openssl', ['cms', '-verify', '-in', file, ...trust, '-purpose', 'any'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 200 * 1024 * 1024,
  });
}
