/**
 * The largest message there may be, 100 MB, from user to user over both providers: memory does not grow with the
 * message (house §6). Measured from outside as the peak of the processes, against their peak with messages of half
 * the size: what V8 lets lie of used buffers before it collects them, some 64 MB at most, stands in both, while a
 * message that is held anywhere would show with the other half of its bytes, and each time: of three such messages the
 * one counts during which V8 collected best.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { summarize, writeMail } from '../support/scenario-mail.ts';
import type { Site } from '../support/scenario-site.ts';
import { scenario } from '../support/scenario-world.ts';

const MB = 1024 * 1024;
const mostGrowth = 40 * MB;

/** A message of `size` bytes with one large part, as it goes over the wire. */
async function* stream(head: Buffer, size: number): AsyncGenerator<Buffer> {
  yield head;
  const line = `${'QUJD'.repeat(19)}\r\n`;
  const chunk = Buffer.from(line.repeat(840));
  let left = size - head.length;
  for (; left > chunk.length; left -= chunk.length) yield chunk;
  yield Buffer.from('x'.repeat(left));
}

function readPeak({ pid }: Site): number {
  const match = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1]) * 1024;
}

/** From now on the peak is that of what follows. */
function forgetPeak({ pid }: Site): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

const linux = process.platform === 'linux' ? {} : { skip: 'the peak is read from /proc' };

scenario('100 MB between two providers', { start: false, timeout: 120_000, ...linux }, async (world) => {
  const { alfa, beta } = world;
  await Promise.all([alfa, beta].map((site) => site.startChild(undefined, { readingScanner: true })));
  const from = alfa.address('mario.rossi');
  const send = async (size: number, place: Site) => {
    const to = [place.address('anna.bianchi')];
    const fields = [
      'MIME-Version: 1.0',
      'Content-Type: application/octet-stream',
      'Content-Transfer-Encoding: base64',
    ];
    const head = writeMail({ from, to, fields, body: '' });
    const reply = await alfa.submit({ from, to, message: stream(head, size) });
    assert.equal(reply.code, 250, reply.text);
    await world.settle();
  };
  for (const place of [alfa, beta, beta]) await send(50 * MB, place);
  const before = [readPeak(alfa), readPeak(beta)];
  const growths: number[] = [];
  for (let times = 0; times < 3 && !growths.some((bytes) => bytes < mostGrowth); times += 1) {
    for (const site of [alfa, beta]) forgetPeak(site);
    // The last byte that fits: as an envelope it must fit into the other provider too.
    await send(100 * MB - 2, beta);
    growths.push(Math.max(...[alfa, beta].map((site, index) => readPeak(site) - (before[index] ?? 0))));
  }
  const mails = (await alfa.mailHeads('mario.rossi')).map(({ mail }) => mail);
  assert.deepEqual(summarize(mails), [
    ...Array.from({ length: 3 + growths.length }, () => 'accettazione'),
    'avvenuta-consegna anna.bianchi@alfa.test',
    ...Array.from({ length: 2 + growths.length }, () => 'avvenuta-consegna anna.bianchi@beta.test'),
  ]);
  const shown = growths.map((bytes) => `${(bytes / MB).toFixed(1)} MB`).join(', ');
  assert.ok(
    growths.some((bytes) => bytes < mostGrowth),
    `a provider took more with each: ${shown}`,
  );
});
