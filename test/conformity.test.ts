/** docs/conformity.md and docs/security.md tell the truth: what they name exists, and no section with a requirement is left out. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..');
const page = readFileSync(join(root, 'docs/conformity.md'), 'utf8');

/** Sections of RFC 6109 that have a MUST, SHALL, REQUIRED, SHOULD or RECOMMENDED for a provider. */
const SECTIONS = (
  '2.1 2.1.1.1.1 2.1.1.2 2.2.1 2.2.2 2.2.3 2.2.4 2.2.6 2.3 3.1.1 3.1.2 3.1.3 3.1.4 3.1.5 3.1.6 3.2.1 3.2.2 3.2.3 ' +
  '3.2.4 3.3.2 3.3.2.1 3.3.2.2 3.3.2.3 3.3.3 3.4 4.1 4.3.1 4.4 4.5 4.5.6 4.5.9 5.2 5.3 5.4 5.5.1 5.5.2 5.6 7'
).split(' ');

interface Row {
  readonly section: string;
  readonly requirement: string;
  readonly files: readonly string[];
  readonly tests: readonly { readonly file: string; readonly title: string | undefined }[];
  readonly status: string;
}

const rows: readonly Row[] = page
  .split('\n')
  .filter((line) => /^\| (?:\d|duty )/.test(line))
  .map((line) => {
    const [section = '', requirement = '', files = '', tests = '', status = ''] = line
      .slice(2, -2)
      .split(' | ');
    return {
      section,
      requirement,
      files: [...files.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ''),
      tests: tests.split('<br>').map((cell) => {
        const [file = '', title] = cell.split(' › ');
        return { file: file.replaceAll('`', ''), title };
      }),
      status,
    };
  });

test('every section with a requirement has a row', () => {
  const covered = new Set(rows.map(({ section }) => section));
  assert.deepEqual(
    SECTIONS.filter((section) => !covered.has(section)),
    [],
  );
});

test('every row says what does it, what shows it, and how far it is', () => {
  for (const { section, requirement, files, tests, status } of rows) {
    assert.match(status, /^(?:done|partly: \S.*|operator: \S.*|open: \S.*)$/, `${section} ${requirement}`);
    if (status.startsWith('open')) continue;
    assert.ok(files.length > 0 && tests.length > 0, `${section} ${requirement}: name a file and a test`);
  }
});

test('every file and every test that is named is there', () => {
  const missing = rows.flatMap(({ section, files, tests }) => [
    ...files.filter((file) => !existsSync(join(root, file))).map((file) => `${section}: ${file}`),
    ...tests
      .filter(({ file, title }) => !hasTest(file, title))
      .map(({ file, title }) => `${section}: ${file} › ${title}`),
  ]);
  assert.deepEqual(missing, []);
});

/** A golden case is a folder with its reason; a title stands in the file as (part of) a quoted text. */
function hasTest(file: string, title: string | undefined): boolean {
  const place = join(root, file);
  if (!file.startsWith('test/') || !existsSync(place)) return false;
  if (statSync(place).isDirectory()) return existsSync(join(place, 'why.md'));
  if (title === undefined) return true;
  return readFileSync(place, 'utf8')
    .split('\n')
    .some((line) => line.includes(title) && /['"`]/.test(line));
}

test('every test that docs/security.md names is there', () => {
  const named = [...readFileSync(join(root, 'docs/security.md'), 'utf8').matchAll(/`(test\/[^`]+)`/g)];
  assert.ok(named.length > 20, `${named.length}`);
  assert.deepEqual(
    named.map(([, file = '']) => file).filter((file) => !existsSync(join(root, file))),
    [],
  );
});
