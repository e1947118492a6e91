import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createSntpSource } from '../../../src/clock/sntp.ts';
import { buildSntpRequest, readSntpAnswer } from '../../../src/clock/sntp-packet.ts';
import { startSntpDouble, writeTimestamp } from '../../support/sntp-double.ts';

async function start(t: TestContext, timeoutMs = 2000) {
  const server = await startSntpDouble(t);
  const source = createSntpSource({ host: '127.0.0.1', port: server.port, clock: Date.now, timeoutMs });
  return { server, source };
}

describe('an NTP server asked by SNTP', () => {
  it('tells how far our clock is from its own, and how exactly it knows', async (t) => {
    const { server, source } = await start(t);
    assert.equal(source.name, `127.0.0.1:${server.port}`);
    for (const ahead of [0, 5000, -90_000, 3_600_000]) {
      server.ahead = ahead;
      const { offsetMs, errorMs } = await source.ask();
      assert.ok(Math.abs(offsetMs - ahead) <= errorMs + 2, `${offsetMs} is not ${ahead} ± ${errorMs}`);
      assert.ok(errorMs >= 5 && errorMs < 1000, `${errorMs}`);
    }
  });

  it('is waited for only so long', async (t) => {
    const { server, source } = await start(t, 60);
    server.silent = true;
    await assert.rejects(source.ask(), /no answer within 60 ms/);
  });

  it('may not be there at all', async (t) => {
    const { server } = await start(t);
    const gone = createSntpSource({ host: '127.0.0.1', port: 1, clock: Date.now, timeoutMs: 300 });
    await assert.rejects(gone.ask(), /ECONNREFUSED|no answer/);
    assert.equal(server.asked, 0);
  });

  it('is believed only when it gives back the cookie, whatever came before', async (t) => {
    const { server, source } = await start(t, 200);
    const forge = (answer: Buffer) => {
      const forged = Buffer.from(answer);
      forged.fill(7, 24, 32);
      writeTimestamp(forged, 40, Date.now() + 86_400_000);
      return forged;
    };
    server.spoil = (answer) => [forge(answer), Buffer.from('short'), answer];
    assert.ok(Math.abs((await source.ask()).offsetMs) < 1000);
    server.spoil = forge;
    await assert.rejects(source.ask(), /no answer/);
  });

  const wrongs: Record<string, [(answer: Buffer) => void, RegExp]> = {
    'turns us away': [(answer) => answer.fill('RATE', 12, 16).fill(0, 1, 2), /turns us away: RATE/],
    'is not synchronized': [(answer) => answer.writeUInt8((3 << 6) | (4 << 3) | 4, 0), /not synchronized/],
    'is too far from a reference': [(answer) => answer.writeUInt8(16, 1), /not synchronized/],
    'is no server': [(answer) => answer.writeUInt8((4 << 3) | 3, 0), /not the answer of a server/],
    'gives no time': [(answer) => answer.fill(0, 40, 48), /gives no time/],
    'answers before it was asked': [(answer) => writeTimestamp(answer, 32, Date.now() + 60_000), /no time/],
  };
  for (const [name, [spoil, reason]] of Object.entries(wrongs))
    it(`does not count when it ${name}`, async (t) => {
      const { server, source } = await start(t);
      server.spoil = (answer) => {
        spoil(answer);
        return answer;
      };
      await assert.rejects(source.ask(), reason);
    });
});

describe('SNTP packets', () => {
  it('say nothing about us but version, mode and cookie', () => {
    const request = Buffer.from(buildSntpRequest(Buffer.from('0102030405060708', 'hex')));
    assert.equal(request.toString('hex'), `23${'00'.repeat(39)}0102030405060708`);
  });

  it('tell the era that begins in 2036 from the one before', () => {
    const answer = Buffer.alloc(48);
    answer[0] = (4 << 3) | 4;
    answer[1] = 1;
    for (const at of [
      Date.UTC(2026, 10, 21),
      Date.UTC(2036, 1, 7, 6, 28, 15),
      Date.UTC(2036, 1, 7, 6, 28, 17),
    ]) {
      writeTimestamp(answer, 32, at);
      writeTimestamp(answer, 40, at + 1);
      assert.equal(readSntpAnswer(answer).receivedAt, at);
    }
  });
});
