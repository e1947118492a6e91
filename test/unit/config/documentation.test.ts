import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { renderSettingsTable } from '../../../src/config/document.ts';
import { configSchema } from '../../../src/config/schema.ts';
import { listSettings } from '../../../src/config/schema-walk.ts';

const file = join(import.meta.dirname, '../../../docs/configuration.md');
const table = /(?<=<!-- settings -->\n)[\s\S]*(?=<!-- end of settings -->)/;

test('docs/configuration.md has the table of the schema in force', () => {
  const text = readFileSync(file, 'utf8');
  const current = text.replace(table, () => `\n${renderSettingsTable()}\n`);
  if (process.argv.includes('--update')) writeFileSync(file, current);
  else assert.ok(text === current, `run: node ${import.meta.filename} --update`);
});

test('every setting is explained', () => {
  const silent = [...listSettings(configSchema)].filter(({ description }) => description.length < 10);
  assert.deepEqual(
    silent.map(({ path }) => path),
    [],
  );
});
