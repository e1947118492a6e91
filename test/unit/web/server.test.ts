import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import type { WebLog } from '../../../src/web/log.ts';
import { createWebServer, type WebServer, type WebTls } from '../../../src/web/server.ts';
import { makeAuthority } from '../../support/test-tls.ts';
import { askWeb, type WebQuestion, type WebReply } from '../../support/web-client.ts';

const authority = makeAuthority('Web authority');
const issue = (): WebTls => {
  const { key, cert } = authority.issue(['DNS:localhost']);
  return { certificatePem: cert, keyPem: key, minVersion: 'TLSv1.2' };
};
let tls = issue();
let server: WebServer;
let port: number;
let signing: (bytes: Uint8Array) => Promise<Uint8Array> = async (bytes) => bytes;
const routes: string[] = [];
const bugs: Parameters<WebLog['bug']>[0][] = [];

before(async () => {
  server = await createWebServer({
    provider: () => ({
      name: 'Gestore & Figli <S.p.A.>',
      domain: 'gestore.test',
      hostname: 'mail.gestore.test',
      ports: { imaps: 993, imap: 143, submissions: 465, submission: 587 },
    }),
    isOurDomain: async (domain) => domain === 'alfa.test',
    signProfile: (bytes) => signing(bytes),
    tls: () => tls,
    strictTransport: true,
    connections: 100,
    connectionsPerAddress: 5,
    log: {
      answered: ({ route, status }) => void routes.push(`${status} ${route}`),
      tlsFailed: () => undefined,
      bug: (event) => void bugs.push(event),
    },
  });
  ({ port } = await server.listen(0, '127.0.0.1'));
});

after(() => server.close(1000));

const ask = (path: string, more: Partial<WebQuestion> = {}): Promise<WebReply> =>
  askWeb({ port, ca: authority.cert, path, ...more });

const question = (address: string, schema = '2006a') =>
  `<?xml version="1.0"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request><EMailAddress>${address}</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/${schema}</AcceptableResponseSchema></Request></Autodiscover>`;

const post = (path: string, body: string) =>
  ask(path, { method: 'POST', body, headers: { 'content-type': 'text/xml' } });

test('the settings for Thunderbird are at both places, and name what is served in order', async () => {
  const path = '/mail/config-v1.1.xml?emailaddress=mario.rossi%40alfa.test';
  const reply = await ask(path);
  assert.equal(reply.status, 200);
  assert.equal(reply.headers['content-type'], 'application/xml; charset=utf-8');
  const servers = [
    ...reply.text.matchAll(/<(\w+)Server type="(\w+)">[\s\S]*?<port>(\d+)<[\s\S]*?<socketType>(\w+)</g),
  ];
  assert.deepEqual(
    servers.map(([, ...parts]) => parts.join(' ')),
    [
      'incoming imap 993 SSL',
      'incoming imap 143 STARTTLS',
      'outgoing smtp 465 SSL',
      'outgoing smtp 587 STARTTLS',
    ],
  );
  assert.match(reply.text, /<displayName>Gestore &amp; Figli &lt;S\.p\.A\.&gt;<\/displayName>/);
  assert.ok(reply.text.includes('%EMAILADDRESS%') && !reply.text.includes('mario'));
  assert.equal((await ask(`/.well-known/autoconfig${path}`)).text, reply.text);
});

test('without an address the host that was asked says the domain', async () => {
  const path = '/mail/config-v1.1.xml';
  for (const host of ['autoconfig.alfa.test', 'alfa.test', 'AUTOCONFIG.Alfa.Test:443'])
    assert.match((await ask(path, { headers: { host } })).text, /<domain>alfa\.test<\/domain>/, host);
  assert.equal((await ask(path, { headers: { host: 'autoconfig.altrove.test' } })).status, 404);
});

test('nothing tells whether a mailbox is there; a foreign domain is not found', async () => {
  const settings = (address: string) => ask(`/mail/config-v1.1.xml?emailaddress=${address}`);
  assert.equal((await settings('nessuno@alfa.test')).text, (await settings('mario.rossi@alfa.test')).text);
  const missing = await ask('/nothing/here');
  for (const address of ['mario@altrove.test', 'alfa.test', '', 'a%40b%40alfa.test', '%3Cx%3E@alfa.test']) {
    const { status, text } = await settings(address);
    assert.deepEqual([status, text], [404, missing.text], address);
  }
  assert.equal((await settings('a@alfa.test&emailaddress=b@alfa.test')).status, 404);
});

test('Autodiscover answers in whatever case its path is written', async () => {
  for (const path of [
    '/autodiscover/autodiscover.xml',
    '/Autodiscover/Autodiscover.xml',
    '/AUTODISCOVER/AUTODISCOVER.XML',
  ]) {
    const { status, text } = await post(path, question('o&apos;hara@ALFA.test'));
    assert.equal(status, 200, path);
    assert.match(text, /<LoginName>o&apos;hara@alfa\.test<\/LoginName>/);
    const protocols = [
      ...text.matchAll(/<Type>(\w+)<[\s\S]*?<Server>([\w.]+)<[\s\S]*?<Port>(\d+)<[\s\S]*?<SSL>(\w+)</g),
    ];
    assert.deepEqual(
      protocols.map(([, ...parts]) => parts.join(' ')),
      ['IMAP mail.gestore.test 993 on', 'SMTP mail.gestore.test 465 on'],
    );
  }
});

test('a question that Autodiscover does not know gets the error of the protocol', async () => {
  const path = '/autodiscover/autodiscover.xml';
  assert.match((await post(path, 'not xml')).text, /<ErrorCode>600</);
  const mobile = question('mario@alfa.test').replace('outlook/responseschema', 'mobilesync/responseschema');
  assert.match((await post(path, mobile)).text, /<ErrorCode>601</);
  assert.equal((await post(path, question('mario@altrove.test'))).status, 404);
  const read = await ask(path);
  assert.deepEqual([read.status, read.headers.allow], [405, 'POST']);
});

test('an entity of a document type is not resolved', async () => {
  const bomb = `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>${question('&a;mario@alfa.test')}`;
  assert.equal((await post('/autodiscover/autodiscover.xml', bomb)).status, 404);
});

test('the profile for Apple devices names address and servers, always in the same bytes', async () => {
  const reply = await ask('/apple/mario.rossi@alfa.test.mobileconfig');
  assert.equal(reply.status, 200);
  assert.equal(reply.headers['content-type'], 'application/x-apple-aspen-config');
  assert.match(reply.text, /<key>EmailAddress<\/key>\s*<string>mario\.rossi@alfa\.test<\/string>/);
  assert.match(reply.text, /<key>IncomingMailServerPortNumber<\/key>\s*<integer>993<\/integer>/);
  assert.doesNotMatch(reply.text, /<key>\w*Password<\/key>\s*<string>/);
  const uuids = [...reply.text.matchAll(/<key>PayloadUUID<\/key>\s*<string>([0-9A-F-]{36})</g)];
  assert.equal(new Set(uuids.map(([, uuid]) => uuid)).size, 2);
  assert.ok(reply.bytes.equals((await ask('/apple/mario.rossi@alfa.test.mobileconfig')).bytes));
  for (const file of ['mario@altrove.test.mobileconfig', 'mario@alfa.test', 'x.mobileconfig'])
    assert.equal((await ask(`/apple/${file}`)).status, 404, file);
});

test('a failure inside is told by a number only', async () => {
  signing = async () => {
    throw new Error('the key melted');
  };
  const { status, text } = await ask('/apple/mario@alfa.test.mobileconfig');
  signing = async (bytes) => bytes;
  assert.equal(status, 500);
  assert.doesNotMatch(text, /melted|\.ts|at /);
  const [bug] = bugs.splice(0);
  assert.ok(bug !== undefined && text.includes(bug.id));
  assert.match(String(bug.error), /melted/);
});

test('every answer carries the headers that browsers go by', async () => {
  for (const path of ['/', '/nothing', '/mail/config-v1.1.xml?emailaddress=a@alfa.test']) {
    const { headers } = await ask(path);
    assert.match(String(headers['content-security-policy']), /^default-src 'none'/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['strict-transport-security'], 'max-age=31536000');
    assert.equal(headers.server, undefined);
  }
});

test('a body that is too large is refused, and log lines name routes, not addresses', async () => {
  routes.length = 0;
  const large = await post('/autodiscover/autodiscover.xml', 'x'.repeat(17 * 1024));
  assert.equal(large.status, 413);
  await ask('/apple/segreto@alfa.test.mobileconfig');
  assert.deepEqual(routes, ['413 /autodiscover/autodiscover.xml', '200 /apple/:file']);
});

test('what is no TLS, or no HTTP inside it, disturbs nobody', async () => {
  const answered = await new Promise<string>((resolve) => {
    const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: authority.cert }, () =>
      socket.write('NONSENSE\r\n\r\n'),
    );
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('close', () => resolve(text));
  });
  assert.match(answered, /^HTTP\/1\.1 400 /);
  await new Promise<void>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.0\r\n\r\n'));
    socket.on('data', () => undefined);
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
  });
  assert.equal((await ask('/')).status, 200);
});

test('one address has so many connections and no more; when they end it may come again', async () => {
  const idle = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      return socket;
    }),
  );
  await assert.rejects(ask('/'));
  for (const socket of idle) socket.destroy();
  for (let tries = 0; tries < 100; tries += 1) {
    const answered = await ask('/').catch(() => undefined);
    if (answered?.status === 200) return;
  }
  assert.fail('the address is still kept out');
});

test('a renewed certificate is shown from the next connection on', async () => {
  const fingerprint = () =>
    new Promise<string>((resolve) => {
      const socket = connectTls(
        { port, host: '127.0.0.1', ca: authority.cert, servername: 'localhost' },
        () => {
          resolve(socket.getPeerCertificate().fingerprint256);
          socket.destroy();
        },
      );
    });
  const first = await fingerprint();
  assert.equal(await fingerprint(), first);
  tls = issue();
  assert.notEqual(await fingerprint(), first);
});
