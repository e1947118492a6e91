/** What every relay promises, whatever carries the message. Each implementation runs it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Relay, RelayResult } from '../../src/relay/relay.ts';
import { messageOf, ordinary } from '../support/relays.ts';

export interface RelayUnderTest {
  readonly relay: Relay;
  readonly stop: () => Promise<void>;
}

/** @param expected what becomes of a plain message */
export function checkRelayContract(
  name: string,
  start: () => Promise<RelayUnderTest>,
  expected: RelayResult['outcome'],
): void {
  test(`${name}: one result for each recipient, in their order, complete`, async () => {
    const { relay, stop } = await start();
    const recipients = ['a@beta.test', 'b@beta.test', 'c@beta.test'];
    const results = await relay.deliver(messageOf('Subject: x\r\n\r\nx\r\n', { recipients }), ordinary);
    assert.deepEqual(
      results.map((result) => result.recipient),
      recipients,
    );
    for (const result of results) {
      assert.equal(result.outcome, expected);
      assert.match(
        result.enhanced,
        { delivered: /^2\./, temporary: /^4\./, permanent: /^5\./ }[result.outcome],
      );
      assert.match(result.text, /^[^\r\n]+$/);
      assert.ok(result.code === 0 || (result.code >= 200 && result.code < 600));
    }
    await relay.close();
    await stop();
  });

  test(`${name}: a recipient named twice has two results and gets one copy`, async () => {
    const { relay, stop } = await start();
    const recipients = ['a@beta.test', 'a@beta.test'];
    const results = await relay.deliver(messageOf('Subject: x\r\n\r\nx\r\n', { recipients }), ordinary);
    assert.equal(results.length, 2);
    assert.deepEqual(results[0], results[1]);
    await relay.close();
    await stop();
  });

  test(`${name}: closing twice is no harm, and after it nothing is delivered`, async () => {
    const { relay, stop } = await start();
    await relay.close();
    await relay.close();
    const [result] = await relay.deliver(messageOf('Subject: x\r\n\r\nx\r\n'), ordinary);
    assert.notEqual(result?.outcome, 'delivered');
    await stop();
  });
}
