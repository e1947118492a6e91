/** Every dialogue of this folder, on the real store. */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, it } from 'node:test';
import { runTranscript } from '../../support/pop3-transcript.ts';

describe('POP3 dialogues', { concurrency: 8 }, () => {
  for (const file of globSync('*.txt', { cwd: import.meta.dirname }).sort()) {
    it(basename(file, '.txt'), () => runTranscript(readFileSync(join(import.meta.dirname, file), 'utf8')));
  }
});
