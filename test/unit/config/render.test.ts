import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseJsonc } from '../../../src/config/jsonc.ts';
import { parseConfig } from '../../../src/config/load.ts';
import { renderConfigFile } from '../../../src/config/render.ts';
import { leastConfig } from './example-config.ts';

const file = '/etc/openpec/config.json';

test('the file that is written says what it was given, and nothing else', () => {
  const values = { ...leastConfig, node: 'n7', limits: { recipients: 60 }, listen: { mx: null } };
  const text = renderConfigFile(values);
  assert.deepEqual(parseConfig(parseJsonc(text), file), parseConfig(values, file));
});

test('uncommenting every default changes nothing', () => {
  const text = renderConfigFile(leastConfig).replace(/^(\s*)\/\/ (?=")/gm, '$1');
  assert.match(text, /^ {4}"recipients": 500,$/m);
  assert.deepEqual(parseConfig(parseJsonc(text), file), parseConfig(leastConfig, file));
});

test('every setting has its explanation above it', () => {
  const lines = renderConfigFile(leastConfig).split('\n');
  const at = lines.indexOf('    // "recipients": 500,');
  assert.match(lines[at - 1] ?? '', /\/\/ Recipients of one message/);
  assert.ok(lines.every((line) => line.length <= 110 || line.includes('forbiddenExtensions')));
});
