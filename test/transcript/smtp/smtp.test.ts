import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runTranscript } from '../../support/transcript.ts';

for (const file of readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.txt'))
  .sort())
  test(`SMTP dialogue ${file}`, () => runTranscript(readFileSync(join(import.meta.dirname, file), 'utf8')));
