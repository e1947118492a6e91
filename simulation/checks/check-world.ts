/** Everything that must hold of a world when two quiet days have passed. */
import { createHash } from 'node:crypto';
import type { World } from '../world.ts';
import { checkAcross } from './check-across.ts';
import { checkArrival, checkCalm } from './check-arrival.ts';
import { checkLog, checkNothingLeft } from './check-log.ts';
import { checkDeliveries, checkFolders } from './check-mailboxes.ts';
import { checkReceipts } from './check-receipts.ts';
import { checkSeals } from './check-seals.ts';
import { openView, type View } from './view.ts';

export interface Checked {
  readonly issued: number;
  readonly deliveries: number;
  readonly logEntries: number;
  readonly seals: number;
  readonly receiptsReproduced: number;
}

/** Reports breaches to the world, and puts what is stored into its trace. */
export async function checkWorld(world: World): Promise<Checked> {
  const views: View[] = [];
  for (const provider of world.providers) views.push(await openView(provider));
  let seals = 0;
  for (const view of views) {
    await checkLog(view);
    seals += await checkSeals(view);
    checkNothingLeft(view);
    checkFolders(view);
    checkDeliveries(view);
    world.scheduler.note(describe(view));
  }
  checkAcross(world, views);
  checkCalm(world, views);
  checkArrival(world, views);
  const receiptsReproduced = await checkReceipts(world, views, world.random.fork('receipts'));
  const events = views.flatMap((view) => view.events);
  return {
    issued: events.reduce((sum, { event }) => sum + event.generated.length, 0),
    deliveries: events.filter(({ event }) => event.type === 'delivered').length,
    logEntries: events.length,
    seals,
    receiptsReproduced,
  };
}

/** One line that differs when anything stored does. */
function describe({ provider, events, mails }: View): string {
  const digest = createHash('sha256');
  for (const { hash } of events) digest.update(hash);
  for (const { mailbox, folder, bytes } of mails)
    digest.update(`${mailbox} ${folder} ${bytes.length}\n`).update(bytes);
  return `${provider.domain} ${events.length} entries ${mails.length} mails ${digest.digest('hex')}`;
}
