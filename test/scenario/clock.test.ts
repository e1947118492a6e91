/** A provider outside the sandbox whose clock is set wrong: it certifies nothing until time servers agree with it again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEicarOnlyScanner } from '../../src/antivirus/eicar.ts';
import { summarize, writeMail } from '../support/scenario-mail.ts';
import { sharedPki } from '../support/scenario-pki.ts';
import { scenario, until } from '../support/scenario-world.ts';
import { startSntpDouble } from '../support/sntp-double.ts';

const mario = 'mario.rossi@alfa.test';
const anna = 'anna.bianchi@alfa.test';

test('time servers', async (t) => {
  const [server, pki] = [await startSntpDouble(t), await sharedPki()];
  const settings = {
    sandbox: false,
    antivirus: { kind: 'clamd' as const },
    trust: { anchors: [pki.caFile], intermediates: [pki.issuingFile], crl: 'off' as const },
    clock: { ntpServers: [`127.0.0.1:${server.port}`], maxOffsetMs: 1000 },
  };
  await scenario(
    'a clock that is five seconds ahead: 451, an alarm, and work again when it is right',
    { settings: { alfa: settings }, starts: { alfa: { scanner: createEicarOnlyScanner() } } },
    async (world) => {
      const { alfa } = world;
      world.expectFaults(/"event":"clock"/);
      const send = () =>
        alfa.submit({ from: mario, to: [anna], message: writeMail({ from: mario, to: [anna] }) });
      assert.equal((await send()).code, 250);
      await world.settle();
      world.moveClock(5000);
      let asked = server.asked;
      await until('the clock was compared', () => server.asked > asked);
      await until('the alarm', () => alfa.diagnostics.some((line) => line.includes('"event":"clock"')));
      const reply = await send();
      assert.equal(reply.code, 451, reply.text);
      assert.match(reply.text, /clock/i);
      const arrival = { from: 'luca@ordinaria.test', to: [anna] };
      assert.equal((await alfa.deliver({ ...arrival, message: writeMail(arrival) })).code, 451);
      asked = server.asked;
      world.moveClock(-5000);
      await until('it is compared again', () => server.asked > asked);
      await until('the point is ready', async () => (await send()).code === 250);
      await world.settle();
      assert.deepEqual(
        summarize(await alfa.mails('mario.rossi')).filter((line) => line !== 'accettazione'),
        [`avvenuta-consegna ${anna}`, `avvenuta-consegna ${anna}`],
      );
    },
  );
});
