import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import type { ExtractedEvent } from '../../../src/pec/events.ts';
import { livePolicy } from '../../../src/smime/trust.ts';
import { verifyAttached } from '../../../src/smime/verify.ts';
import { databaseFile, readTrust } from '../../../src/wire.ts';
import { buildDeliveries, makeProviderFolder, type ProviderFolder } from '../../support/provider-folder.ts';

let provider: ProviderFolder;
before(async () => {
  provider = await makeProviderFolder();
  await provider.append(buildDeliveries(30));
});
after(() => provider.remove());

test('log search gives a page, and says where the next begins', async () => {
  const first = await provider.pec('log', 'search', '--sender', 'MARIO@prova.test', '--limit', '20');
  assert.equal(first.code, 0, first.remarks);
  assert.equal(first.output.split('\n').length, 21);
  const place = /--after (\S+)$/.exec(first.remarks)?.[1] ?? '';
  const second = await provider.pec(
    'log',
    'search',
    '--sender',
    'mario@prova.test',
    '--after',
    place,
    '--json',
  );
  const { entries, after: end } = JSON.parse(second.output) as { entries: { seq: number }[]; after: null };
  assert.deepEqual(
    entries.map(({ seq }) => seq),
    [21, 22, 23, 24, 25, 26, 27, 28, 29, 30],
  );
  assert.equal(end, null);
});

test('log search takes period, identifiers with or without brackets, and kinds of act', async () => {
  const count = async (...args: string[]) => {
    const { code, output, remarks } = await provider.pec('log', 'search', '--json', ...args);
    assert.equal(code, 0, remarks);
    return (JSON.parse(output) as { entries: unknown[] }).entries.length;
  };
  assert.equal(await count('--from', '2026-11-20T10:10', '--to', '2026-11-20T10:15'), 5);
  assert.equal(await count('--from', '2026-11-20', '--to', '2026-11-20'), 30);
  assert.equal(await count('--to', '2026-11-19'), 0);
  assert.equal(await count('--msgid', '7@pc'), 1);
  assert.equal(await count('--identificativo', '<pec.7@prova.test>', '--event', 'delivered', 'accepted'), 1);
  assert.equal(await count('--event', 'accepted'), 0);
  assert.equal((await provider.pec('log', 'search', '--event', 'consegnato')).code, 2);
  assert.equal((await provider.pec('log', 'search', '--from', '20/11/2026')).code, 2);
  assert.equal((await provider.pec('log', 'search', '--after', 'x')).code, 2);
});

test('log search names an entry that is damaged, and what to do', async (t) => {
  const damaged = await makeProviderFolder();
  t.after(() => damaged.remove());
  await damaged.append(buildDeliveries(3));
  const intruder = new DatabaseSync(databaseFile(damaged.config.dataFolder));
  intruder.exec(
    `DROP TRIGGER message_log_no_update; UPDATE message_log SET detail = 'x' || detail WHERE seq = 2`,
  );
  intruder.close();
  const { code, remarks } = await damaged.pec('log', 'search');
  assert.deepEqual(
    [code, remarks],
    [1, `Entry ${damaged.config.node}/2 of the message log is damaged: run pec log verify --full.`],
  );
});

for (const format of ['csv', 'json', 'pdf'])
  test(`log extract writes ${format}, and the same signed by the provider`, async () => {
    const out = join(provider.folder, `estratto.${format}`);
    const args = [
      'log',
      'extract',
      '--mailbox',
      'anna@prova.test',
      '--format',
      format,
      '--out',
      out,
      '--requested-by',
      'il Tribunale di Prova',
    ];
    const ran = await provider.pec(...args);
    assert.equal(ran.code, 0, ran.remarks);
    assert.match(ran.output, /: \d+ entries\.$/);
    const made = await provider.pec(
      'log',
      'search',
      '--event',
      'extracted',
      '--recipient',
      'ANNA@prova.test',
      '--json',
    );
    const { entries } = JSON.parse(made.output) as { entries: { event: ExtractedEvent }[] };
    assert.partialDeepStrictEqual(entries.at(-1)?.event, {
      requestedBy: 'il Tribunale di Prova',
      format,
      search: { mailbox: 'anna@prova.test' },
      documentSha256: createHash('sha256').update(readFileSync(out)).digest('hex'),
    });
    assert.ok(ran.output.includes(`: ${entries.at(-1)?.event.entries} entries`));
    assert.equal(statSync(out).mode & 0o777, 0o600, 'it is personal data');
    const { verdict, content } = verifyAttached({
      cms: readFileSync(`${out}.p7m`),
      trust: readTrust(provider.config),
      policy: { ...livePolicy, revocation: 'none' },
      now: Date.now(),
    });
    assert.deepEqual(verdict.problems, []);
    assert.deepEqual(Buffer.from(content ?? []), readFileSync(out));
    const again = await provider.pec(...args);
    assert.deepEqual([again.code, again.remarks], [1, `${out} exists already; name another.`]);
  });
