import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { SealedLog } from '../../../support/sealed-log.ts';
import { editFile, findingsOf, one, openCopy, place, two } from './tampered-log.ts';

describe('verification of files', () => {
  const cases: [string, (log: SealedLog) => void, RegExp[]][] = [
    [
      'a changed line',
      (log) =>
        editFile(log, one, (lines) =>
          lines.map((line) => (line.includes(',5,') ? line.replace('mario', 'maria') : line)),
        ),
      [/^file-changed 5: the exported file differs from the sealed entry in sender$/],
    ],
    [
      'a removed line',
      (log) => editFile(log, one, (lines) => lines.filter((line) => !/^\["[0-9a-f]+","n1",5,/.test(line))),
      [/^file-changed 5: /],
    ],
    [
      'a line twice',
      (log) => editFile(log, one, (lines) => [...lines, lines.at(-1) ?? '']),
      [/^file-changed 9: /],
    ],
    [
      'lines in another order',
      (log) => editFile(log, one, (lines) => [lines[0] ?? '', ...lines.slice(1).reverse()]),
      [/^file-changed \d+: in the exported file entry 9 stands where 1 should/],
    ],
    [
      'changed facts',
      (log) =>
        editFile(log, one, (lines) =>
          lines.map((line) => line.replace('anna.bianchi@alfa.test","certified', 'x@alfa.test","certified')),
        ),
      [/lacks the facts of the entry/],
    ],
    [
      'a line of no entry',
      (log) => editFile(log, one, (lines) => [...lines, '{"facts":"nobody names"}']),
      [/^file-changed \S+gz: the content of the exported file is not the one that was signed$/],
    ],
    [
      'another packing',
      (log) =>
        writeFileSync(
          place(log, `${one}.jsonl.gz`),
          gzipSync(gunzipSync(readFileSync(place(log, `${one}.jsonl.gz`))), { level: 1 }),
        ),
      [/packed again or altered outside its content|bytes instead of/],
    ],
    [
      'an end cut off',
      (log) =>
        writeFileSync(
          place(log, `${one}.jsonl.gz`),
          readFileSync(place(log, `${one}.jsonl.gz`)).subarray(0, 500),
        ),
      [/^file-changed .*cannot be read: unexpected end of file/],
    ],
    [
      'rubbish',
      (log) => writeFileSync(place(log, `${one}.jsonl.gz`), 'rubbish'),
      [/cannot be read: incorrect header check/],
    ],
    ['nothing', (log) => writeFileSync(place(log, `${one}.jsonl.gz`), gzipSync('')), [/the file is empty/]],
    [
      'a missing file',
      (log) => rmSync(place(log, `${one}.jsonl.gz`)),
      [/^file-missing n1-000001-2026-11-10.jsonl.gz/],
    ],
    [
      'a missing stamp',
      (log) => rmSync(place(log, `${one}.prova.tsr`)),
      [/^file-missing n1-000001-2026-11-10.prova.tsr/],
    ],
    [
      'the stamp of another day',
      (log) => copyFileSync(place(log, `${two}.prova.tsr`), place(log, `${one}.prova.tsr`)),
      [/^file-changed \S+tsr: the file of the time stamp/],
    ],
    [
      'a missing statement',
      (log) => rmSync(place(log, `${one}.p7m`)),
      [/^file-missing n1-000001-2026-11-10.p7m/],
    ],
    [
      'the statement of another day',
      (log) => copyFileSync(place(log, `${two}.p7m`), place(log, `${one}.p7m`)),
      [/^file-changed \S+p7m/],
    ],
    [
      'two days swapped',
      (log) => {
        renameSync(place(log, `${one}.jsonl.gz`), place(log, 'x'));
        renameSync(place(log, `${two}.jsonl.gz`), place(log, `${one}.jsonl.gz`));
        renameSync(place(log, 'x'), place(log, `${two}.jsonl.gz`));
      },
      [
        /the file holds segment n1\/2 of 2026-11-11 instead of n1\/1 of 2026-11-10/,
        /holds segment n1\/1 of 2026-11-10 instead of n1\/2/,
      ],
    ],
  ];
  for (const [what, change, expected] of cases)
    it(`names ${what}`, async (t) => {
      const log = await openCopy(t);
      change(log);
      const found = await findingsOf(log);
      for (const text of expected)
        assert.ok(
          found.some((line) => text.test(line)),
          `${text}\n${found.join('\n')}`,
        );
      assert.ok(
        found.every((line) => line.startsWith('file-')),
        found.join('\n'),
      );
    });
});
