/** Whatever a provider issued it can issue again, byte for byte, from its log (RFC 6109 §2.3). */
import { collectSegments } from '../../src/blob/read-segments.ts';
import { wireKindOf } from '../../src/points/issued-kinds.ts';
import { ReproductionFailure, reproduceReceipt } from '../../src/points/reproduction.ts';
import { signWith } from '../authority.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import type { View } from './view.ts';

/** Reproductions to a world: a sample, drawn from its seed. */
const sample = 40;

interface Issued {
  readonly view: View;
  readonly identificativo: string;
  readonly messageId: string;
  readonly kind: NonNullable<ReturnType<typeof wireKindOf>>;
}

/** The number of messages written again and compared. */
export async function checkReceipts(world: World, views: readonly View[], random: Random): Promise<number> {
  const stored = new Map<string, Uint8Array>();
  for (const { messageId, bytes, transport } of views.flatMap(({ mails }) => mails))
    if (transport !== 'errore') stored.set(messageId, bytes);
  const issued = views.flatMap(listIssued);
  let compared = 0;
  for (const one of random.shuffle(issued).slice(0, sample)) {
    const { view, messageId, kind } = one;
    const again = await reproduce(one);
    if (again === undefined) continue;
    compared += 1;
    const before = stored.get(messageId);
    if (before !== undefined && !endsWith(before, again))
      world.report(view.provider, `${kind} ${messageId} written again is not what lies in the mailbox`);
  }
  return compared;
}

function listIssued(view: View): Issued[] {
  return view.events.flatMap(({ event }) =>
    event.generated.flatMap(({ kind, messageId }) => {
      const wireKind = wireKindOf(kind);
      const { identificativo } = event.facts;
      return wireKind === undefined ? [] : [{ view, identificativo, messageId, kind: wireKind }];
    }),
  );
}

async function reproduce({ view, identificativo, messageId, kind }: Issued): Promise<Uint8Array | undefined> {
  const { provider, db, blobs } = view;
  const { serving } = provider;
  const parts = serving?.parts;
  if (parts === undefined) return undefined;
  const clock = () => provider.clock();
  const signer = () => signWith(provider.certified);
  try {
    const { form, segments } = await reproduceReceipt(
      { db, blobs, node: 'n1', clock, provider: parts.provider, signer, prove: async () => undefined },
      { identificativo, kind, messageId, requestedBy: 'simulation' },
    );
    if (form === 'exact') return collectSegments(blobs, segments, 1e9);
    if (isKept(view, identificativo))
      provider.world.report(provider, `${kind} ${messageId} is attested only`);
  } catch (error) {
    const isGone = error instanceof ReproductionFailure && error.reason === 'unavailable';
    if (!isGone || isKept(view, identificativo))
      provider.world.report(provider, `${kind} ${messageId} cannot be written again: ${error}`);
  }
  return undefined;
}

/** The envelope is still kept, so that nothing excuses. */
function isKept({ provider }: View, identificativo: string): boolean {
  return (
    provider.rows.get('SELECT 1 FROM pec_message WHERE identificativo = ? AND envelope_id IS NOT NULL', [
      identificativo,
    ]) !== undefined
  );
}

/** A mailbox has trace fields before the message, and nothing else differs. */
function endsWith(whole: Uint8Array, end: Uint8Array): boolean {
  return whole.length >= end.length && Buffer.compare(whole.subarray(whole.length - end.length), end) === 0;
}
