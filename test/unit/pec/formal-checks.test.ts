import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHeaderBlock } from '../../../src/mime/header.ts';
import { decideAcceptance } from '../../../src/pec/acceptance.ts';
import type { FindingCode } from '../../../src/pec/findings.ts';
import { checkFormalRules, type FormalQuestion } from '../../../src/pec/formal-checks.ts';
import { checkSendingPolicy } from '../../../src/pec/policies.ts';
import { lines } from './sample.ts';

const limits = { recipients: 500, totalBytes: 100 * 1024 * 1024 };
const good = ['From: Mario <mario@alfa.test>', 'To: anna@beta.test', 'Subject: x'];

function check(header: readonly string[], changes: Partial<FormalQuestion> = {}) {
  return checkFormalRules({
    header: parseHeaderBlock(lines(...header, '')),
    reversePath: 'mario@alfa.test',
    recipients: ['anna@beta.test'],
    size: 1000,
    limits,
    ...changes,
  });
}

interface Case {
  readonly name: string;
  readonly header: readonly string[];
  readonly changes?: Partial<FormalQuestion>;
  readonly codes: readonly FindingCode[];
  /** What the Italian reason says. */
  readonly says?: RegExp;
}

const without = (name: string) => good.filter((line) => !line.startsWith(name));
const recipients = (count: number) => Array.from({ length: count }, (_, i) => `u${i}@beta.test`);

const cases: Case[] = [
  { name: 'a good message', header: good, codes: [] },
  { name: 'no From', header: without('From'), codes: ['from-missing'], says: /mancanza del campo From/ },
  { name: 'an empty From', header: ['From:', ...without('From')], codes: ['from-invalid'] },
  { name: 'a From that is no address', header: ['From: Mario', ...without('From')], codes: ['from-invalid'] },
  {
    name: 'two authors',
    header: ['From: mario@alfa.test, b@alfa.test', ...without('From')],
    codes: ['from-several'],
  },
  {
    name: 'two From fields',
    header: [...good, 'From: mario@alfa.test'],
    codes: ['duplicate-field', 'from-several'],
    says: /campo From presente più di una volta/,
  },
  {
    name: 'another From',
    header: ['From: altro@alfa.test', ...without('From')],
    codes: ['from-differs'],
    says: /\(altro@alfa\.test\) diverso da quello della trasmissione SMTP \(mario@alfa\.test\)/,
  },
  { name: 'From in other case', header: ['From: MARIO@Alfa.Test', ...without('From')], codes: [] },
  { name: 'no To', header: without('To'), codes: ['to-missing', 'recipient-not-in-header'] },
  {
    name: 'no address in To',
    header: ['To: undisclosed-recipients:;', ...without('To')],
    codes: ['to-invalid', 'recipient-not-in-header'],
  },
  {
    name: 'a broken but readable To',
    header: ['To: Bianchi, Anna <anna@beta.test>', ...without('To')],
    codes: [],
  },
  { name: 'To in other case', header: ['To: ANNA@BETA.TEST', ...without('To')], codes: [] },
  {
    name: 'a recipient in no field',
    header: good,
    changes: { recipients: ['anna@beta.test', 'nascosto@beta.test'] },
    codes: ['recipient-not-in-header'],
    says: /\(nascosto@beta\.test\)/,
  },
  {
    name: 'an address that is no recipient',
    header: [...good, 'Cc: carlo@beta.test'],
    codes: ['address-not-a-recipient'],
    says: /\(carlo@beta\.test\)/,
  },
  {
    name: 'recipients in To and Cc',
    header: [...good, 'Cc: Carlo <carlo@beta.test>'],
    changes: { recipients: ['carlo@beta.test', 'anna@beta.test'] },
    codes: [],
  },
  { name: 'an empty Bcc', header: [...good, 'Bcc: '], codes: [] },
  { name: 'a Bcc', header: [...good, 'Bcc: x@beta.test'], codes: ['bcc-present'], says: /campo Bcc/ },
  { name: 'a Bcc that is no address', header: [...good, 'Bcc: (nessuno)'], codes: ['bcc-present'] },
  {
    name: 'exactly the size',
    header: good,
    changes: { size: limits.totalBytes },
    codes: [],
  },
  {
    name: 'a byte over the size',
    header: good,
    changes: { size: limits.totalBytes + 1 },
    codes: ['size-exceeded'],
    says: /104857601 byte.*104857600 byte/,
  },
  {
    name: 'size times recipients',
    header: [`To: ${recipients(2).join(', ')}`, ...without('To')],
    changes: { size: limits.totalBytes / 2 + 1, recipients: recipients(2) },
    codes: ['size-exceeded'],
  },
  {
    name: 'the most recipients',
    header: [`To: ${recipients(500).join(', ')}`, ...without('To')],
    changes: { recipients: recipients(500) },
    codes: [],
  },
  {
    name: 'one recipient too many',
    header: [`To: ${recipients(501).join(', ')}`, ...without('To')],
    changes: { recipients: recipients(501) },
    codes: ['too-many-recipients'],
    says: /\(501\).*\(500\)/,
  },
  { name: 'a line that is no field', header: [...good, 'questa non lo è'], codes: ['header-malformed'] },
  { name: 'a NUL', header: [...good, 'X-A: \0'], codes: ['header-malformed'] },
  { name: 'two subjects', header: [...good, 'Subject: y'], codes: ['duplicate-field'] },
  { name: 'two fields that may repeat', header: [...good, 'Received: a', 'Received: b'], codes: [] },
];

for (const { name, header, changes, codes, says } of cases) {
  test(`formal checks: ${name}`, () => {
    const findings = check(header, changes);
    assert.deepEqual(
      findings.map(({ code }) => code),
      codes,
    );
    if (says !== undefined) assert.match(findings.map(({ italian }) => italian).join('; '), says);
    for (const { clause, status, italian, english } of findings) {
      assert.equal(clause, 'RFC 6109 §3.1.1');
      assert.match(status, /^5\.\d\.\d$/);
      assert.notEqual(italian, english);
      assert.doesNotMatch(`${italian}${english}`, /[.\n]$/);
    }
  });
}

test('many strangers are named in part and counted', () => {
  const [finding] = check(good, { recipients: ['anna@beta.test', ...recipients(8)] });
  assert.match(finding?.italian ?? '', /u4@beta\.test e altri 3\)/);
});

const clean = { infected: false } as const;
const infected = { infected: true, virus: 'Eicar' } as const;
const findings = check(without('From'));

test('acceptance: nothing found, findings, a virus before everything', () => {
  assert.deepEqual(decideAcceptance({ findings: [], verdict: clean }), { decision: 'accept' });
  const refused = { decision: 'refuse-with-notice', findings };
  assert.deepEqual(decideAcceptance({ findings, verdict: clean }), refused);
  const virus = { decision: 'refuse-for-virus', virus: 'Eicar' };
  assert.deepEqual(decideAcceptance({ findings, verdict: infected }), virus);
  assert.deepEqual(decideAcceptance({ findings: [], verdict: infected }), virus);
});

const mixed = [
  { address: 'a@Beta.test', certified: true },
  { address: 'b@example.com', certified: false },
];

test('policies: each on its own, and none by default', () => {
  const codes = (policy: Parameters<typeof checkSendingPolicy>[0]) =>
    checkSendingPolicy(policy, mixed).map(({ code, italian }) => `${code}: ${italian}`);
  assert.deepEqual(codes({}), []);
  assert.deepEqual(codes({ certifiedOnly: true }), [
    'certified-recipients-only: destinatari di posta ordinaria non ammessi per il mittente (b@example.com)',
  ]);
  assert.deepEqual(codes({ closedGroup: ['beta.test'] }), [
    'closed-group: destinatari esterni al gruppo chiuso del mittente (b@example.com)',
  ]);
  assert.deepEqual(codes({ closedGroup: ['beta.test', 'example.com'] }), []);
  assert.deepEqual(codes({ blocked: true }), [
    "sending-blocked: blocco dell'invio dalla casella mittente, disposto dal gestore",
  ]);
});
