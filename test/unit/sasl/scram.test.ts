/** SCRAM-SHA-256 by the vectors of the RFCs, and against whoever lies. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Credentials, listMechanisms, mechanisms } from '../../../src/sasl/mechanisms.ts';
import { prepareText } from '../../../src/sasl/saslprep.ts';
import {
  buildServerFirst,
  checkClientFinal,
  deriveScramKeys,
  parseClientFirst,
  SaslProblem,
  type ScramKeys,
} from '../../../src/sasl/scram.ts';
import { ScramClient, type ScramWishes } from '../../support/scram-client.ts';

const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');

test('the exchange of RFC 7677 §3, byte for byte', async () => {
  const keys = await deriveScramKeys('pencil', { salt, iterations: 4096 });
  const first = parseClientFirst('n,,n=user,r=rOprNGfwEbeRWgbNEkqO');
  const serverFirst = buildServerFirst(first, '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0', keys);
  const nonce = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
  assert.equal(serverFirst, `r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`);
  const final = `c=biws,r=${nonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`;
  const exchanged = { first, serverFirst, final, channel: undefined };
  assert.equal(checkClientFinal(exchanged, keys), 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
  const other = { ...exchanged, final: final.replace('p=d', 'p=e') };
  assert.equal(checkClientFinal(other, keys), undefined);
  for (const broken of [
    final.replace('c=biws', 'c=eSws'),
    final.replace('%hv', '%hw'),
    final.replace(',p=', ',x='),
    '',
  ])
    assert.throws(() => checkClientFinal({ ...exchanged, final: broken }, keys), SaslProblem);
});

/** Messages that are nearly right. */
const pieces = fc.oneof(
  fc.constantFrom('n', 'y', 'p=tls-exporter', ',', ',,', 'a=', 'n=', 'r=', '=2C', '=', '\u0007', 'è', '\0'),
  fc.string({ maxLength: 3 }),
);

test('names with commas and equals signs, extensions, and what is malformed', () => {
  assert.equal(parseClientFirst('n,,n=a=2Cb=3Dc,r=x').name, 'a,b=c');
  assert.equal(parseClientFirst('y,a=altro,n=io,r=x,ext=1').authorizationName, 'altro');
  assert.deepEqual(parseClientFirst('p=tls-exporter,,n=io,r=x').binding, { type: 'tls-exporter' });
  for (const bad of [
    '',
    'n,n=a,r=x',
    'n,,n=,r=x',
    'n,,n=a=2Db,r=x',
    'n,,n=a,r=',
    'x,,n=a,r=x',
    'n,,m=x,n=a,r=x',
    'n,,n=a\u0007,r=x',
  ])
    assert.throws(() => parseClientFirst(bad), SaslProblem, bad);
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 20 }), (list) => {
      const text = list.join('');
      try {
        parseClientFirst(text);
      } catch (error) {
        assert.ok(error instanceof SaslProblem);
      }
    }),
  );
});

test('SASLprep makes one of two writings (RFC 4013 §3)', () => {
  assert.equal(prepareText('I\u00ADX'), 'IX');
  assert.equal(prepareText('user'), 'user');
  assert.equal(prepareText('USER'), 'USER');
  assert.equal(prepareText('\u00AA'), 'a');
  assert.equal(prepareText('\u2168'), 'IX');
  assert.equal(prepareText('\u0007'), undefined);
  assert.equal(prepareText('\u0627\u0031'), undefined);
  assert.equal(prepareText('perche\u0301\u00A0no'), 'perch\u00e9 no');
});

const channel = new Map([['tls-exporter', Buffer.alloc(32, 7)]]);

interface Situation {
  readonly mechanism: string;
  readonly wishes?: Partial<ScramWishes>;
  readonly bindings?: ReadonlyMap<string, Uint8Array>;
  /** Which password the client thinks it has. */
  readonly keys: ScramKeys;
}

async function converse({ mechanism, wishes = {}, bindings = channel, keys }: Situation) {
  const client = new ScramClient({ name: 'mario', password: 'pencil', ...wishes });
  const accepted: string[] = [];
  const credentials: Credentials<string> = {
    byPassword: async () => undefined,
    byKeys: async (name) => ({
      keys,
      accept: async () => {
        accepted.push(name);
        return name;
      },
    }),
  };
  const found = mechanisms.find(({ name }) => name === mechanism);
  assert.ok(found);
  let step = 0;
  const result = await found.run(
    {
      initial: undefined,
      channel: bindings,
      nonce: () => '3rfcNHYJY1ZVvWVs7j',
      challenge: async (bytes) => {
        const text = Buffer.from(bytes).toString();
        const answers = [() => client.first, () => client.answer(text), () => client.checkServer(text)];
        return Buffer.from((answers[step++] as () => string)());
      },
    },
    credentials,
  );
  return { ...result, accepted };
}

test('who knows the password is let in, who does not is not', async () => {
  const keys = await deriveScramKeys('pencil', { salt, iterations: 100 });
  const plain = { mechanism: 'SCRAM-SHA-256', keys, bindings: new Map<string, Uint8Array>() };
  assert.deepEqual(await converse(plain), { name: 'mario', login: 'mario', accepted: ['mario'] });
  const wrong = await converse({ ...plain, wishes: { password: 'Pencil' } });
  assert.deepEqual(wrong, { name: 'mario', login: undefined, accepted: [] });
  const acting = await converse({ ...plain, wishes: { header: 'n,a=anna,' } });
  assert.deepEqual(acting, { name: 'mario', login: undefined, accepted: [] });
});

test('a login is bound to its channel, and downgrades are seen (RFC 5802 §6)', async () => {
  const keys = await deriveScramKeys('pencil', { salt, iterations: 100 });
  const plus = { mechanism: 'SCRAM-SHA-256-PLUS', keys };
  const header = 'p=tls-exporter,,';
  const own = { header, channel: Buffer.alloc(32, 7) };
  assert.equal((await converse({ ...plus, wishes: own })).login, 'mario');
  const between = { header, channel: Buffer.alloc(32, 8) };
  await assert.rejects(converse({ ...plus, wishes: between }), /channel binding does not match/);
  await assert.rejects(
    converse({ ...plus, wishes: { header: 'p=tls-unique,,' } }),
    /no channel binding tls-unique/,
  );
  await assert.rejects(converse({ ...plus, wishes: { header: 'n,,' } }), /needs channel binding/);
  const downgraded = { mechanism: 'SCRAM-SHA-256', keys, wishes: { header: 'y,,' } };
  await assert.rejects(converse(downgraded), /somebody has changed the list/);
  assert.equal((await converse({ ...downgraded, bindings: new Map() })).login, 'mario');
  const names = (bindings: Map<string, Uint8Array> | undefined) =>
    listMechanisms(bindings).map(({ name }) => name);
  assert.deepEqual(names(channel), ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'PLAIN']);
  assert.deepEqual(names(undefined), ['SCRAM-SHA-256', 'PLAIN']);
});
