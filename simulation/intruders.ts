/**
 * Those who send what nobody should believe: messages seen on the wire, again or changed or to somebody else; envelopes
 * of an authority that nobody knows; a provider that speaks for another one's users. Nothing of it may count.
 */
import { createHash, sign } from 'node:crypto';
import type { Signer } from '../src/keys/signer.ts';
import { concatBytes } from '../src/lib/bytes.ts';
import { parseHeaderBlock } from '../src/mime/header.ts';
import type { MessageFacts, ProviderIdentity } from '../src/pec/facts.ts';
import { buildDeliveryReceipt } from '../src/pec/receipts/delivery.ts';
import type { BuiltMessage } from '../src/pec/signed-entity.ts';
import { buildTransportEnvelope } from '../src/pec/transport-envelope.ts';
import { findPecMessage } from '../src/queue/pec-messages.ts';
import { signMessage } from '../src/smime/sign.ts';
import { type CertifiedKey, strangers } from './authority.ts';
import { knowsRevokedForGood } from './lists.ts';
import { fingerprint, tamper, type Wire } from './network.ts';
import { type Intrusion, mailboxOf } from './plan.ts';
import type { SimulatedProvider } from './provider.ts';
import { Random } from './random.ts';
import type { World } from './world.ts';

/** How identifiers of forged envelopes begin: nothing may ever be certified about them. */
export const forgedMark = 'forged.';

interface Scene {
  readonly world: World;
  readonly to: SimulatedProvider;
  readonly random: Random;
}

export function intrude(world: World, intrusion: Intrusion): void {
  const to = world.providers[intrusion.provider];
  if (to === undefined) return;
  const random = new Random(`intrusion ${intrusion.at} ${intrusion.provider}`);
  const scene = { world, to, random };
  world.conditions.count(`intrusion: ${intrusion.kind}`);
  plan(scene, intrusion.kind).catch((error: unknown) => {
    world.report(to, `an intruder failed: ${error instanceof Error ? error.stack : error}`);
  });
}

async function plan(scene: Scene, kind: Intrusion['kind']): Promise<void> {
  const { world, to, random } = scene;
  switch (kind) {
    case 'replay':
    case 'redirect':
    case 'tampered':
      if (kind === 'tampered') world.network.toTamper += 1;
      if (world.network.seen.length > 0) resend(scene, kind, random.pick(world.network.seen));
      return;
    case 'stranger':
      world.network.inject(to, await forgeEnvelope(scene));
      return;
    case 'false-witness':
      await bearFalseWitness(scene);
      return;
    case 'ordinary':
      world.network.inject(to, writeOrdinary(scene));
  }
}

function resend({ world, to, random }: Scene, kind: 'replay' | 'redirect' | 'tampered', wire: Wire): void {
  const { recipients } = wire;
  const addressee = world.providerOf(recipients[0] ?? '');
  if (kind === 'redirect')
    world.network.inject(to, { ...wire, recipients: [mailboxOf(to.number, random.integer(0, 3))] });
  else if (addressee !== undefined)
    world.network.inject(
      addressee,
      kind === 'replay' ? wire : { ...wire, bytes: tamper(wire.bytes, random) },
    );
}

function writeOrdinary({ to, random }: Scene): Wire {
  const recipient = mailboxOf(to.number, random.integer(0, 3));
  const text = `From: <spam@ordinaria.test>\r\nTo: <${recipient}>\r\nSubject: Offerta\r\nMessage-ID: <${random.integer(0, 1e9)}@x>\r\n\r\nCiao\r\n`;
  return { reversePath: 'spam@ordinaria.test', recipients: [recipient], bytes: Buffer.from(text) };
}

/**
 * Whoever stole a key that is revoked signs with it, and sends to all whose list says so; to others it would look as
 * good as any.
 */
export function signAsThief(world: World, victim: SimulatedProvider): void {
  const stolen = world.keyOf(victim.number, 0);
  for (const to of world.providers) {
    if (to === victim || !knowsRevokedForGood(to, stolen.certificate)) continue;
    world.conditions.count('intrusion: thief of a revoked key');
    const random = new Random(`thief ${world.scheduler.now} ${victim.number} ${to.number}`);
    forgeEnvelope({ world, to, random }, { victim, key: stolen }).then(
      (wire) => world.network.inject(to, wire),
      (error: unknown) => world.report(to, `a thief failed: ${error instanceof Error ? error.stack : error}`),
    );
  }
}

/** As good as it can be without a key in the index, or with one that was stolen. */
async function forgeEnvelope(
  { world, to, random }: Scene,
  theft?: { readonly victim: SimulatedProvider; readonly key: CertifiedKey },
): Promise<Wire> {
  const victim = theft?.victim ?? random.pick(world.providers);
  const provider = identityOf(victim);
  const recipient = mailboxOf(to.number, random.integer(0, 3));
  const facts: MessageFacts = {
    identificativo: `${forgedMark}${random.integer(0, 1e9)}@${victim.domain}`,
    msgid: undefined,
    sender: mailboxOf(victim.number, 0),
    recipients: [{ address: recipient, certified: true }],
    replyTo: mailboxOf(victim.number, 0),
    subject: 'Bonifico',
  };
  const original = Buffer.from(`From: <${facts.sender}>\r\nSubject: Bonifico\r\n\r\nSubito\r\n`);
  const header = parseHeaderBlock(original);
  // A thief says what suits the reader's clock.
  const at = theft === undefined ? victim.clock() : Math.min(victim.clock(), to.clock());
  const enclosed = { header, segments: [original], eightBit: false };
  const built = buildTransportEnvelope({ provider, facts, at, original: enclosed, receiptKind: 'completa' });
  const bytes = await signAs(theft?.key ?? strangers.issue(victim.name, provider.address), built, at);
  return { reversePath: facts.sender, recipients: [recipient], bytes };
}

/** A provider in the index certifies the delivery to a mailbox that is not its own. */
async function bearFalseWitness({ world, to, random }: Scene): Promise<void> {
  const heard = random.shuffle([...world.clients.sent.values()]).find(({ answered }) => answered.length > 0);
  const [identificativo] = heard?.answered ?? [];
  const sender = heard === undefined ? undefined : world.providerOf(heard.message.from);
  const serving = sender?.serving;
  if (identificativo === undefined || sender === undefined || serving === undefined || sender === to) return;
  const message = await serving.parts.db.read((tx) => findPecMessage(tx, 'outgoing', identificativo));
  const victim = message?.facts.recipients.find(({ address }) => world.providerOf(address) !== to);
  if (message === undefined || victim === undefined) return;
  const at = to.clock();
  const provider = identityOf(to);
  const recipient = victim.address;
  const built = buildDeliveryReceipt({ provider, facts: message.facts, at, kind: 'sintetica', recipient });
  const bytes = await signAs(to.certified, built, at);
  // It is what that provider sent, and reaches the user unchanged; but it may not count.
  world.network.handedOver.add(fingerprint(bytes));
  world.network.inject(sender, { reversePath: provider.address, recipients: [message.facts.sender], bytes });
}

function identityOf({ name, domain }: SimulatedProvider): ProviderIdentity {
  return { name, domain, address: `posta-certificata@${domain}` };
}

async function signAs(
  { key, certificate }: CertifiedKey,
  built: BuiltMessage,
  at: number,
): Promise<Uint8Array> {
  const signer: Signer = { chain: [certificate], sign: async (tbs) => sign('sha256', tbs, key) };
  const content = built.content.map((segment) => {
    if (!(segment instanceof Uint8Array)) throw new Error('an intruder has no blobs');
    return segment;
  });
  const contentDigest = createHash('sha256').update(concatBytes(content)).digest();
  const { segments } = await signMessage(built, { contentDigest, signingTime: at, signer });
  return concatBytes(segments.filter((segment) => segment instanceof Uint8Array));
}
