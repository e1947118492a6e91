/** What the SMTP relay makes of peers that refuse, break, hang or talk nonsense. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RelayResult } from '../../src/relay/relay.ts';
import { messageOf, ordinary, quick, relayTo, resolverTo } from '../support/relays.ts';
import { type Answer, type Script, startScriptedPeer } from '../support/smtp-peers.ts';

const CONTENT = `Subject: x\r\n\r\n${'ciao\r\n'.repeat(5000)}`;
const recipients = ['a@beta.test', 'b@beta.test', 'c@beta.test'];

async function deliverTo(
  script: Script,
  content = CONTENT,
  options: Parameters<typeof relayTo>[1] = {},
): Promise<{ results: readonly RelayResult[]; wire: string[] }> {
  const peer = await startScriptedPeer(script);
  const relay = relayTo(peer.port, options);
  const results = await relay.deliver(messageOf(content, { recipients }), ordinary);
  await relay.close();
  await peer.close();
  return { results, wire: peer.sessions.flatMap((session) => session.wire) };
}

const brief = (result: RelayResult | undefined) => [
  result?.outcome,
  result?.code,
  result?.enhanced,
  result?.text,
];

/** Answers one command, given by its beginning; the rest as usual. */
function answering(start: string, answer: Answer): Script {
  return { answer: (command) => (command.startsWith(start) ? answer : undefined) };
}

test('each recipient gets the reply that was meant for it', async () => {
  const answers = new Map<string, Answer>([
    ['RCPT TO:<a@beta.test>', '550 5.1.1 No such\tmailbox'],
    ['RCPT TO:<b@beta.test>', '451-4.3.0 Come\r\n451 4.3.0 back'],
  ]);
  const { results } = await deliverTo({ answer: (command) => answers.get(command) });
  assert.deepEqual(results.map(brief), [
    ['permanent', 550, '5.1.1', 'No such mailbox'],
    ['temporary', 451, '4.3.0', 'Come back'],
    ['delivered', 250, '2.0.0', 'ok'],
  ]);
});

test('the reply to the final dot is for those whose RCPT was taken', async () => {
  const { results } = await deliverTo({
    answer: (command) =>
      command === '.' ? '554 5.6.0 Bad content' : command.includes('<b@') ? '450 later' : undefined,
  });
  assert.deepEqual(results.map(brief), [
    ['permanent', 554, '5.6.0', 'Bad content'],
    ['temporary', 450, '4.0.0', 'later'],
    ['permanent', 554, '5.6.0', 'Bad content'],
  ]);
});

const whole: [string, Script, (string | number)[]][] = [
  [
    'MAIL refused for good',
    answering('MAIL', '550 5.7.1 Not from you'),
    ['permanent', 550, '5.7.1', 'Not from you'],
  ],
  ['MAIL refused for now', answering('MAIL', '452 4.3.1 Full'), ['temporary', 452, '4.3.1', 'Full']],
  ['DATA refused', answering('DATA', '451 4.7.1 Greylisted'), ['temporary', 451, '4.7.1', 'Greylisted']],
  [
    'a status of another class than the code',
    answering('.', '550 4.2.0 hm'),
    ['permanent', 550, '5.0.0', 'hm'],
  ],
  [
    'a bad sequence is the session’s, not the message’s',
    answering('MAIL', '503 5.5.1 no'),
    ['temporary', 503, '4.0.0', 'no'],
  ],
  ['no code at all', answering('.', 'what do you want'), ['temporary', 0, '4.0.0', 'what do you want']],
  [
    'the session ends with 421',
    answering('RCPT', '421 4.3.2 Closing'),
    ['temporary', 421, '4.3.2', 'Closing'],
  ],
  [
    'a greeting of 554 refuses the session only',
    { greeting: '554 5.7.1 Go away' },
    ['temporary', 554, '4.7.1', 'Go away'],
  ],
  ['a greeting of 421', { greeting: '421 4.3.2 Busy' }, ['temporary', 421, '4.3.2', 'Busy']],
];
for (const [name, script, expected] of whole)
  test(name, async () => {
    const { results } = await deliverTo(script);
    for (const result of results) assert.deepEqual(brief(result), expected);
  });

const silent: [string, Script, RegExp][] = [
  ['drops before the greeting', { greeting: 'DROP' }, /did not begin the session/],
  ['says nothing at all', { greeting: 'HANG' }, /did not begin the session: Greeting never received/],
  [
    'hangs at EHLO',
    answering('EHLO', 'HANG'),
    /did not begin the session|before the message was handed over/,
  ],
  ['drops at MAIL', answering('MAIL', 'DROP'), /before the message was handed over/],
  ['hangs at MAIL', answering('MAIL', 'HANG'), /before the message was handed over: timed out/],
  ['drops at DATA', answering('DATA', 'DROP'), /before the message was handed over/],
  [
    'drops in the message',
    { inData: (received) => (received > 1000 ? 'DROP' : undefined) },
    /before the message was handed over|not known/,
  ],
  ['drops at the final dot', answering('.', 'DROP'), /not known whether it was taken/],
  ['hangs at the final dot', answering('.', 'HANG'), /not known whether it was taken: timed out/],
];
for (const [name, script, text] of silent)
  test(`a peer that ${name}: temporary, and the text says what is known`, async () => {
    const { results } = await deliverTo(script, CONTENT, { timeouts: quick });
    assert.equal(results.length, 3);
    for (const result of results) {
      assert.deepEqual([result.outcome, result.code, result.enhanced.slice(0, 2)], ['temporary', 0, '4.']);
      assert.match(result.text, text);
    }
  });

test('a peer that drops in a big message has not got it', async () => {
  const big = `Subject: x\r\n\r\n${'ciao\r\n'.repeat(1_000_000)}`;
  const { results, wire } = await deliverTo(
    { inData: (received) => (received > 100_000 ? 'DROP' : undefined) },
    big,
  );
  for (const result of results) assert.match(result.text, /before the message was handed over/);
  assert.deepEqual(wire, []);
});

test('a peer that stops reading in the middle is given up', async () => {
  const big = `Subject: x\r\n\r\n${'ciao\r\n'.repeat(3_000_000)}`;
  let stuck: () => void = () => undefined;
  const peer = await startScriptedPeer({
    offers: ['PIPELINING'],
    answer: (command) => {
      if (command !== 'DATA') return undefined;
      setImmediate(() => stuck());
      return '354 go on';
    },
  });
  stuck = () => peer.pauseAll();
  const relay = relayTo(peer.port, { timeouts: quick });
  const results = await relay.deliver(messageOf(big, { recipients, size: Buffer.byteLength(big) }), ordinary);
  for (const result of results)
    assert.match(result.text, /before the message was handed over: timed out: the peer takes no more data/);
  await relay.close();
  await peer.close();
});

test('a peer that refuses in the middle of the message is understood, and the message ends there', async () => {
  let said = false;
  const { results } = await deliverTo(
    {
      inData: (received) => {
        if (said || received < 1000) return undefined;
        said = true;
        return '552 5.3.4 Too large';
      },
    },
    `Subject: x\r\n\r\n${'ciao\r\n'.repeat(1_000_000)}`,
  );
  for (const result of results) assert.deepEqual(brief(result), ['permanent', 552, '5.3.4', 'Too large']);
});

test('recipients beyond the peer’s limit go in a next transaction of the same session', async () => {
  let taken = 0;
  const peer = await startScriptedPeer({
    answer: (command) => {
      if (command.startsWith('MAIL')) taken = 0;
      return command.startsWith('RCPT') && ++taken > 2 ? '452 4.5.3 Too many recipients' : undefined;
    },
  });
  const relay = relayTo(peer.port);
  const many = Array.from({ length: 5 }, (_, i) => `r${i}@beta.test`);
  const results = await relay.deliver(messageOf('x\r\n', { recipients: many }), ordinary);
  assert.deepEqual(new Set(results.map(({ outcome }) => outcome)), new Set(['delivered']));
  assert.equal(peer.sessions.length, 1);
  assert.equal(peer.sessions[0]?.wire.length, 3);
  await relay.close();
  await peer.close();
});

test('a peer that takes no recipient at all is not asked again and again', async () => {
  const { results } = await deliverTo(answering('RCPT', '452 4.5.3 Too many recipients'));
  for (const result of results)
    assert.deepEqual(brief(result), ['temporary', 452, '4.5.3', 'Too many recipients']);
});

test('552 to RCPT means too many recipients and is temporary (RFC 5321 4.5.3.1.10)', async () => {
  const { results } = await deliverTo(answering('RCPT TO:<b@', '552 5.5.3 Too many recipients'));
  assert.deepEqual(
    results.map(({ outcome }) => outcome),
    ['delivered', 'temporary', 'delivered'],
  );
});

test('when a host does not begin a session the next one is tried', async () => {
  const refusing = await startScriptedPeer({ greeting: '554 5.7.1 Go away' });
  const dead = await startScriptedPeer();
  await dead.close();
  const good = await startScriptedPeer();
  const relay = relayTo(0, { resolver: resolverTo(dead, refusing, good) });
  const [result] = await relay.deliver(messageOf('x\r\n'), ordinary);
  assert.equal(result?.outcome, 'delivered');
  assert.deepEqual(good.sessions[0]?.wire, ['x\r\n']);
  await relay.close();
  await refusing.close();
  await good.close();
});

test('closing waits for what is under way, but not for ever', async () => {
  const peer = await startScriptedPeer(answering('.', 'HANG'));
  const relay = relayTo(peer.port, { timeouts: { finalMs: 60_000, commandMs: 60_000 }, closeMs: 50 });
  const delivery = relay.deliver(messageOf('x\r\n'), ordinary);
  while (peer.sessions[0]?.commands.at(-1) !== '.') await new Promise((resolve) => setTimeout(resolve, 5));
  await relay.close();
  const [result] = await delivery;
  assert.equal(result?.outcome, 'temporary');
  assert.match(result?.text ?? '', /not known whether it was taken/);
  await peer.close();
});

test('one address that SMTP cannot carry does not cost the others their copy', async () => {
  const peer = await startScriptedPeer();
  const relay = relayTo(peer.port);
  const odd = ['"a<b>"@beta.test', 'caff\u00e8@beta.test'];
  const results = await relay.deliver(
    messageOf('x\r\n', { recipients: [odd[0] ?? '', 'b@beta.test', odd[1] ?? ''] }),
    ordinary,
  );
  assert.deepEqual(
    results.map(({ outcome, enhanced }) => `${outcome} ${enhanced}`),
    ['permanent 5.1.3', 'delivered 2.0.0', 'permanent 5.1.3'],
  );
  const [refused] = await relay.deliver(messageOf('x\r\n', { reversePath: '"<"@alfa.test' }), ordinary);
  assert.equal(refused?.outcome, 'permanent');
  assert.equal(peer.sessions[0]?.wire.length, 1);
  await relay.close();
  await peer.close();
});

test('a peer that ends an idle session with 421 at MAIL costs nothing', async () => {
  const peer = await startScriptedPeer({
    answer: (command, session) =>
      command.startsWith('MAIL') && session.wire.length === 1 ? '421 4.4.2 Idle for too long' : undefined,
  });
  const relay = relayTo(peer.port);
  for (let i = 0; i < 2; i++)
    assert.equal((await relay.deliver(messageOf(`${i}\r\n`), ordinary))[0]?.outcome, 'delivered');
  assert.deepEqual(
    peer.sessions.map(({ wire }) => wire),
    [['0\r\n'], ['1\r\n']],
  );
  await relay.close();
  await peer.close();
});

test('a delivery takes no longer than it may, waiting for its turn included', async () => {
  const peer = await startScriptedPeer(answering('.', 'HANG'));
  const slow = { connectMs: 60_000, greetingMs: 60_000, commandMs: 60_000, dataMs: 60_000, finalMs: 60_000 };
  const relay = relayTo(peer.port, { timeouts: slow, deliverMs: 100, connectionsPerDestination: 1 });
  const texts = (
    await Promise.all(['a\r\n', 'b\r\n'].map((text) => relay.deliver(messageOf(text), ordinary)))
  )
    .flat()
    .map(({ outcome, text }) => `${outcome}: ${text}`);
  assert.match(texts[0] ?? '', /^temporary: .*not known whether it was taken: timed out/);
  assert.match(
    texts[1] ?? '',
    /^temporary: (?:Too many messages wait for this destination|No time was left)/,
  );
  await relay.close();
  await peer.close();
});
