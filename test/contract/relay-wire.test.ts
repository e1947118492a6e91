/** What the SMTP relay puts on the wire: the very bytes, the right envelope, one session for several messages. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { certified, messageOf, ordinary, readInline, relayTo } from '../support/relays.ts';
import { startEdge } from '../support/smtp-edges.ts';
import { type Script, startRealPeer, startScriptedPeer } from '../support/smtp-peers.ts';

async function withPeer(
  script: Script,
  work: (
    peer: Awaited<ReturnType<typeof startScriptedPeer>>,
    relay: ReturnType<typeof relayTo>,
  ) => Promise<void>,
  options: Parameters<typeof relayTo>[1] = {},
): Promise<void> {
  const peer = await startScriptedPeer(script);
  const relay = relayTo(peer.port, options);
  try {
    await work(peer, relay);
  } finally {
    await relay.close();
    await peer.close();
  }
}

/** RFC 5321 §4.5.2, said shortly. */
const stuff = (content: string) => content.replace(/(^|\r\n)\./g, '$1..');

test('the envelope and its parameters', () =>
  withPeer({}, async (peer, relay) => {
    const recipients = ['a@beta.test', '"b c"@beta.test'];
    await relay.deliver(messageOf('X: caff\xc3\xa8\r\n\r\n', { recipients }), ordinary);
    await relay.deliver(messageOf('X: y\r\n\r\n', { reversePath: '' }), ordinary);
    assert.deepEqual(peer.sessions[0]?.commands, [
      'EHLO mx.alfa.test',
      'MAIL FROM:<mario.rossi@alfa.test> BODY=8BITMIME SIZE=13',
      'RCPT TO:<a@beta.test>',
      'RCPT TO:<"b c"@beta.test>',
      'DATA',
      '.',
      'MAIL FROM:<> SIZE=8',
      'RCPT TO:<anna.bianchi@beta.test>',
      'DATA',
      '.',
    ]);
  }));

test('the content is on the wire as it is, dots doubled', () =>
  withPeer({}, async (peer, relay) => {
    const long = `${'x'.repeat(5000)}\r\n`;
    const contents = [
      '.\r\n',
      '..\r\n.a\r\n\r\n.\r\n',
      `Subject: x\r\n\r\n${long}.${long}`,
      'binary \x01\x7f\x80\xff\r\n',
      '\r\n\r\n',
      `${'.\r\n'.repeat(3000)}`,
    ];
    for (const content of contents) {
      const [result] = await relay.deliver(messageOf(content), ordinary);
      assert.equal(result?.outcome, 'delivered');
    }
    assert.deepEqual(
      peer.sessions.flatMap(({ wire }) => wire),
      contents.map(stuff),
    );
  }));

test('whatever lines, however they are cut, arrive unchanged', () =>
  withPeer({}, async (peer, relay) => {
    const line = fc.string({ unit: fc.constantFrom('.', 'a', '\t', '\xe8', '='), maxLength: 6 });
    const content = fc
      .array(line, { minLength: 1, maxLength: 30 })
      .map((lines) => lines.map((x) => `${x}\r\n`).join(''));
    await fc.assert(
      fc.asyncProperty(content, fc.array(fc.nat(40), { maxLength: 5 }), async (text, cuts) => {
        const bytes = Buffer.from(text, 'latin1');
        const edges = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
        const pieces = edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
        const [result] = await relay.deliver(messageOf(text, { content: pieces }), ordinary);
        assert.equal(result?.outcome, 'delivered');
        assert.equal(peer.sessions.at(-1)?.wire.at(-1), stuff(text));
      }),
      { numRuns: 100 },
    );
  }));

test('a content without a final line end gets one: SMTP cannot carry it otherwise', () =>
  withPeer({}, async (peer, relay) => {
    await relay.deliver(messageOf('Subject: x\r\n\r\nx'), ordinary);
    assert.deepEqual(peer.sessions[0]?.wire, ['Subject: x\r\n\r\nx\r\n']);
  }));

for (const [name, content] of [
  ['a bare LF', 'a\r\n.\nMAIL FROM:<evil@alfa.test>\r\n'],
  ['a bare CR', 'a\r.\rb\r\n'],
  ['a CR as its last byte', 'a\r\nb\r'],
  ['a NUL', 'a\0b\r\n'],
])
  test(`a content with ${name} is not sent, neither changed nor in part`, () =>
    withPeer({}, async (peer, relay) => {
      const [result] = await relay.deliver(messageOf(content as string), ordinary);
      assert.equal(result?.outcome, 'permanent');
      assert.equal(result?.enhanced, '5.6.0');
      assert.deepEqual(
        peer.sessions.flatMap(({ wire }) => wire),
        [],
      );
      const [next] = await relay.deliver(messageOf('good\r\n'), ordinary);
      assert.equal(next?.outcome, 'delivered');
    }));

for (const [name, read] of [
  [
    'is shorter than it should be',
    async function* short() {
      yield Buffer.from('Subject: x\r\n');
    },
  ],
  [
    'cannot be read',
    async function* broken() {
      yield Buffer.from('Subject');
      throw new Error('disk');
    },
  ],
] as const)
  test(`a stored message that ${name} is not handed over in part`, () =>
    withPeer(
      {},
      async (peer, relay) => {
        const [result] = await relay.deliver(messageOf('Subject: x\r\n\r\nx\r\n'), ordinary);
        assert.equal(result?.outcome, 'temporary');
        assert.equal(result?.enhanced, '4.3.0');
        assert.deepEqual(
          peer.sessions.flatMap(({ wire }) => wire),
          [],
        );
      },
      { read },
    ));

test('several messages go over one session; each transaction is closed before the next', () =>
  withPeer(
    {
      answer: (command, { commands }) => {
        if (command === 'RCPT TO:<no@beta.test>') return '550 5.1.1 no';
        return command === 'DATA' && commands.at(-2)?.includes('<no@') ? '554 5.5.1 nobody' : undefined;
      },
    },
    async (peer, relay) => {
      for (const recipient of ['a@beta.test', 'no@beta.test', 'b@beta.test'])
        await relay.deliver(messageOf('x\r\n', { recipients: [recipient] }), ordinary);
      const [session, more] = peer.sessions;
      assert.equal(more, undefined);
      assert.deepEqual(
        session?.commands.map((command) => command.split(/[ :]/)[0]).join(' '),
        'EHLO MAIL RCPT DATA . MAIL RCPT DATA RSET MAIL RCPT DATA .',
      );
    },
  ));

test('a peer that takes DATA for nobody gets an empty message, and nobody gets anything', () =>
  withPeer(
    { answer: (command) => (command.startsWith('RCPT') ? '550 5.1.1 no' : undefined) },
    async (peer, relay) => {
      const [result] = await relay.deliver(messageOf('secret\r\n'), ordinary);
      assert.deepEqual([result?.outcome, result?.code], ['permanent', 550]);
      assert.deepEqual(peer.sessions[0]?.wire, ['']);
    },
  ));

test('a session is closed after the agreed number of messages, or when it has been idle', async () => {
  const script: Script = {};
  await withPeer(
    script,
    async (peer, relay) => {
      for (let i = 0; i < 3; i++) await relay.deliver(messageOf('x\r\n'), ordinary);
      assert.equal(peer.sessions.length, 2);
      await new Promise((resolve) => setTimeout(resolve, 80));
      assert.deepEqual(
        peer.sessions.map(({ commands }) => commands.at(-1)),
        ['QUIT', 'QUIT'],
      );
    },
    { messagesPerConnection: 2, idleMs: 20 },
  );
});

test('a peer that ended the idle session meanwhile costs nothing', () =>
  withPeer({}, async (peer, relay) => {
    await relay.deliver(messageOf('x\r\n'), ordinary);
    peer.dropAll();
    const [result] = await relay.deliver(messageOf('y\r\n'), ordinary);
    assert.equal(result?.outcome, 'delivered');
    assert.deepEqual(
      peer.sessions.map(({ wire }) => wire),
      [['x\r\n'], ['y\r\n']],
    );
  }));

test('no more sessions at once than agreed; the others wait their turn', () =>
  withPeer(
    {
      answer: (command) =>
        command === '.' ? new Promise((resolve) => setTimeout(resolve, 20, '250 ok')) : undefined,
    },
    async (peer, relay) => {
      const deliveries = Array.from({ length: 8 }, (_, i) => relay.deliver(messageOf(`${i}\r\n`), ordinary));
      const results = (await Promise.all(deliveries)).flat();
      assert.deepEqual(new Set(results.map(({ outcome }) => outcome)), new Set(['delivered']));
      assert.equal(peer.peak, 2);
      assert.equal(peer.sessions.flatMap(({ wire }) => wire).length, 8);
    },
    { connectionsPerDestination: 2 },
  ));

test('without PIPELINING each command waits for its reply', () =>
  withPeer({ offers: ['8BITMIME'] }, async (peer, relay) => {
    const recipients = ['a@beta.test', 'b@beta.test'];
    const results = await relay.deliver(messageOf('x\r\n', { recipients }), ordinary);
    assert.deepEqual(
      results.map(({ outcome }) => outcome),
      ['delivered', 'delivered'],
    );
    assert.deepEqual(peer.sessions[0]?.wire, ['x\r\n']);
  }));

test('a peer that knows only HELO takes 7-bit mail', () =>
  withPeer(
    { answer: (command) => (command.startsWith('EHLO') ? '502 5.5.1 what?' : undefined) },
    async (_peer, relay) => {
      const [plain] = await relay.deliver(messageOf('x\r\n'), ordinary);
      assert.equal(plain?.outcome, 'delivered');
      const [eightBit] = await relay.deliver(messageOf('\xe8\r\n'), ordinary);
      assert.deepEqual([eightBit?.outcome, eightBit?.code, eightBit?.enhanced], ['permanent', 0, '5.6.3']);
    },
  ));

test('8-bit content needs 8BITMIME, and is never converted', () =>
  withPeer({ offers: ['PIPELINING'] }, async (peer, relay) => {
    const [result] = await relay.deliver(messageOf('caff\xe8\r\n'), ordinary);
    assert.deepEqual([result?.outcome, result?.code, result?.enhanced], ['permanent', 0, '5.6.3']);
    assert.deepEqual(peer.sessions[0]?.commands, ['EHLO mx.alfa.test']);
  }));

test('a message above the SIZE the peer announced is not offered', () =>
  withPeer({ offers: ['SIZE 10'] }, async (peer, relay) => {
    const [result] = await relay.deliver(messageOf('more than ten bytes\r\n'), ordinary);
    assert.deepEqual([result?.outcome, result?.enhanced], ['permanent', '5.3.4']);
    assert.deepEqual(peer.sessions[0]?.commands, ['EHLO mx.alfa.test']);
  }));

test('smtp-server reads what we sent', async () => {
  const peer = await startRealPeer({ hideSTARTTLS: true });
  const relay = relayTo(peer.port);
  const content = `Subject: x\r\n\r\n.\r\n..\r\n${'riga con \xc3\xa8\r\n'.repeat(20_000)}`;
  const [result] = await relay.deliver(messageOf(content), ordinary);
  assert.deepEqual(result, {
    recipient: 'anna.bianchi@beta.test',
    outcome: 'delivered',
    code: 250,
    enhanced: '2.0.0',
    text: 'queued',
    server: 'localhost (127.0.0.1)',
  });
  assert.equal(peer.messages[0]?.content, content);
  await relay.close();
  await peer.close();
});

test('nothing is read from the store for a destination that cannot be reached', async () => {
  const peer = await startScriptedPeer();
  await peer.close();
  let reads = 0;
  const relay = relayTo(peer.port, {
    read: (content) => {
      reads++;
      return readInline(content);
    },
  });
  const [result] = await relay.deliver(messageOf('x\r\n'), certified);
  assert.deepEqual([result?.outcome, result?.enhanced, result?.server], ['temporary', '4.4.1', undefined]);
  assert.equal(reads, 0);
  await relay.close();
});

test('our incoming edge reads what we sent, over TLS', async () => {
  const edge = await startEdge({ kind: 'mx' });
  const relay = relayTo(edge.port, { ca: [edge.ca] });
  const content = `Subject: x\r\n\r\n.\r\n..\r\n${'.riga con \xc3\xa8\r\n'.repeat(50_000)}`;
  const recipients = ['a@alfa.test', 'ignoto@alfa.test', 'b@altrove.test'];
  const results = await relay.deliver(messageOf(content, { recipients }), certified);
  assert.deepEqual(
    results.map(({ code, enhanced, text }) => `${code} ${enhanced} ${text}`),
    [`250 2.6.0 taken, ${content.length} bytes`, '550 5.1.1 No such mailbox', '550 5.7.1 Relaying denied'],
  );
  const [taken] = edge.taken;
  assert.equal(taken?.content, content);
  assert.match(taken?.tls ?? '', /^TLSv1\.3 /);
  await relay.close();
  await edge.close();
});
