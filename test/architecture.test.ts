/**
 * The law of the house, as a test: which room may import which, what pure rooms may touch, how large things may grow.
 * What the linter can enforce it enforces; here we see to it that the rule is on and nobody silences it without a reason.
 * To move a wall, change the table below in the same commit as the code and write why in docs/adr/.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import {
  blankComments,
  type Import,
  importsOf,
  lineAt,
  listSources,
  roomOf,
  root,
  type Source,
} from './source-files.ts';

const PURE = ['mime', 'pec', 'smime', 'sasl', 'lib'];
const STORE = ['db', 'blob', 'content'];
const PORTS = [...STORE, 'keys', 'antivirus', 'provider-index', 'tsa', 'relay', 'origin'];
const EDGE = ['edge', 'sasl', 'points', 'mailbox', 'accounts', 'mime', 'lib'];
const EVERYTHING = undefined;

/** Room → rooms it may import besides itself. Inside first. */
const MAY_IMPORT = new Map<string, readonly string[] | typeof EVERYTHING>([
  ['lib', []],
  ['mime', ['lib']],
  ['pec', ['mime', 'lib']],
  ['sasl', ['lib']],
  ['keys', ['lib']],
  ['smime', ['mime', 'keys', 'lib']],
  ['blob', ['lib']],
  ['db', ['lib']],
  ['content', ['db', 'blob', 'mime', 'lib']],
  ['antivirus', ['mime', 'lib']],
  ['provider-index', ['smime', 'keys', 'mime', 'lib']],
  ['trust', ['smime', 'lib']],
  ['clock', ['lib']],
  ['tsa', ['smime', 'keys', 'mime', 'lib']],
  ['relay', ['mime', 'lib']],
  ['origin', ['mime', 'lib']],
  ['accounts', ['db', 'sasl', 'mime', 'lib']],
  ['mailbox', ['accounts', ...STORE, ...PURE]],
  ['moving', ['accounts', 'mailbox', ...STORE, ...PURE]],
  ['queue', ['relay', ...STORE, ...PURE]],
  ['message-log', ['tsa', 'keys', ...STORE, ...PURE]],
  ['points', [...PURE, ...PORTS, 'accounts', 'mailbox', 'queue', 'message-log']],
  // What the edges have in common, so that none need import another.
  ['edge', ['sasl', 'mime', 'lib']],
  ['smtp', EDGE],
  ['imap', EDGE],
  ['pop3', EDGE],
  ['web', [...EDGE, 'message-log']],
  ['config', ['lib']],
  ['pki', ['keys', 'lib']],
  // Edges name what they tell; telemetry turns it into lines and counts, and listens at seams.
  ['telemetry', ['edge', 'smtp', 'imap', 'pop3', 'web', 'antivirus', 'relay', 'keys', 'lib']],
  ['sandbox', EVERYTHING],
  ['cli', EVERYTHING],
  ['wire.ts', EVERYTHING],
  ['upkeep.ts', EVERYTHING],
  ['log-keeping.ts', EVERYTHING],
  ['serve-web.ts', EVERYTHING],
  ['services.ts', EVERYTHING],
  ['issuing-thread.ts', EVERYTHING],
  ['main.ts', EVERYTHING],
]);

/** Files that implement a seam are named for what they are built on, and only wire.ts and tests know them. */
const SEAMS = [
  'keys',
  'blob',
  'db',
  'antivirus',
  'provider-index',
  'trust',
  'clock',
  'tsa',
  'relay',
  'origin',
];
const TECHNOLOGY =
  /^(?:sqlite|postgres|fs|s3|memory|clamd|eicar|pem|pkcs11|file|https?|ldap|smtp|mailauth|sntp|rfc3161|local|fail)\.ts$/;

/** What pure rooms may take from Node: functions from values to values. */
const PURE_NODE: Readonly<Record<string, RegExp>> = {
  'node:buffer': /./,
  'node:crypto': /^(?!random|generate|pseudo|webcrypto|default|\*)/,
  'node:net': /^isIP(?:v4|v6)?$/,
  'node:url': /^domainTo(?:ASCII|Unicode)$/,
  'node:util': /./,
  'node:zlib': /./,
};
const IMPURE_GLOBALS =
  /\b(?:Date\.now\(|new Date\(\)|Math\.random\(|process\.|performance\.|setTimeout\(|setInterval\(|fetch\()/g;

const sources = listSources('src');
const allFiles = [...sources, ...listSources('test'), ...listSources('bench'), ...listSources('simulation')];
const isPure = (source: Source): boolean => PURE.includes(roomOf(source.path));

/** Fails with every breach at once, so that one run shows all there is to mend. */
function assertNone(breaches: readonly string[], rule: string): void {
  assert.ok(breaches.length === 0, `${rule}\n  ${breaches.join('\n  ')}\n`);
}

function mayImport(from: string, to: string): boolean {
  const allowed = MAY_IMPORT.get(from);
  return from === to || allowed === EVERYTHING || allowed.includes(to);
}

function listWrongImports(source: Source): readonly string[] {
  return importsOf(source)
    .filter(({ file }) => file !== undefined && !mayImport(roomOf(source.path), roomOf(file)))
    .map(({ place, specifier }) => `${place} imports ${specifier}`);
}

function isTechnology(file: string): boolean {
  return SEAMS.includes(roomOf(file)) && TECHNOLOGY.test(basename(file));
}

function breaksPurity({ specifier, names }: Import): boolean {
  const allowed = PURE_NODE[specifier];
  if (allowed === undefined) return specifier.startsWith('node:');
  return names.some((name) => !allowed.test(name));
}

test('every room of src/ has a row in the import table', () => {
  const rooms = new Set(sources.map(({ path }) => roomOf(path)));
  assertNone(
    [...rooms].filter((room) => !MAY_IMPORT.has(room)),
    'add it to MAY_IMPORT:',
  );
});

test('HACKING.md tells what every room is', () => {
  const page = readFileSync(join(root, 'HACKING.md'), 'utf8');
  const untold = [...MAY_IMPORT.keys()].filter(
    (room) => !page.includes(room.endsWith('.ts') ? `\`${room}\`` : `\`${room}/\``),
  );
  assertNone(untold, 'add it to the table of rooms:');
});

test('inner rooms never import outer ones, and no edge imports another', () => {
  assertNone(sources.flatMap(listWrongImports), 'against the table MAY_IMPORT:');
});

test('the reading of imports sees each form', () => {
  const text = [
    "import { a } from '../points/a.ts';",
    "import type { B } from '../points/b.ts';",
    "import {\n  c,\n  type D as E,\n} from '../points/c.ts';",
    "import * as fs from 'node:fs';",
    "export { d } from '../points/d.ts';",
    "export * from '../points/e.ts';",
    "const late = await import('../points/f.ts');",
    "import { isIP } from 'node:net';",
    "import { connect } from 'node:net';",
  ].join('\n');
  const source = { path: 'src/pec/made-up.ts', text };
  assert.equal(listWrongImports(source).length, 6);
  assert.deepEqual(
    importsOf(source)
      .filter(breaksPurity)
      .flatMap(({ names }) => names),
    ['*', 'connect'],
  );
});

/** Where running objects are put together: of the process, and of a thread (docs/adr/0022). */
const WIRING = ['src/wire.ts', 'src/issuing-thread.ts'];

test('a file named for a technology is imported by wire.ts and tests only', () => {
  const breaches = sources
    .filter(({ path }) => !WIRING.includes(path))
    .flatMap((source) =>
      importsOf(source)
        .filter(
          ({ file }) => file !== undefined && isTechnology(file) && roomOf(file) !== roomOf(source.path),
        )
        .map(({ place, specifier }) => `${place} imports ${specifier}`),
    );
  assertNone(breaches, 'take the port, and let wire.ts choose:');
});

test('lib, mime, pec and smime do no I/O', () => {
  const breaches = sources.filter(isPure).flatMap((source) =>
    importsOf(source)
      .filter(breaksPurity)
      .map(({ place, specifier, names }) => `${place} takes ${names.join(', ')} from ${specifier}`),
  );
  assertNone(breaches, 'pure rooms may take only PURE_NODE:');
});

test('pec, mime and smime read no clock, no randomness, no environment', () => {
  const breaches = sources
    .filter((source) => isPure(source) && roomOf(source.path) !== 'lib')
    .flatMap(({ path, text }) =>
      [...blankComments(text).matchAll(IMPURE_GLOBALS)].map(
        (match) => `${path}:${lineAt(text, match.index)} ${match[0]}`,
      ),
    );
  assertNone(breaches, 'hand the value in (RFC 6109 §4.1: one time for the whole transaction):');
});

test('no file is longer than 400 lines', () => {
  const breaches = allFiles
    .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
    .filter(({ lines }) => lines > 400)
    .map(({ path, lines }) => `${path}: ${lines}`);
  assertNone(breaches, 'split it where a second thing begins:');
});

test('nothing is called manager, helper, util, service, data or info', () => {
  const vague = /(?:^|-)(?:managers?|helpers?|utils?|service|data|info)\.ts$/;
  // Terms of the standards: dati di certificazione, SignedData of CMS, append-data of IMAP (RFC 4466).
  const termsOfArt = ['certification-data.ts', 'signed-data.ts', 'append-data.ts'];
  const breaches = allFiles.filter(
    ({ path }) => vague.test(basename(path)) && !termsOfArt.includes(basename(path)),
  );
  assertNone(
    breaches.map(({ path }) => path),
    'name it for what it does:',
  );
});

test('no default export, no enum, no namespace, no parameter property', () => {
  const forbidden = /^export default\b|^(?:export )?(?:const )?enum \w|^(?:export )?namespace \w/gm;
  const breaches = allFiles.flatMap(({ path, text }) =>
    [...text.matchAll(forbidden)].map((match) => `${path}:${lineAt(text, match.index)} ${match[0]}`),
  );
  assertNone(breaches, 'Node strips types and compiles nothing:');
});

test('silencing a check needs a reason in the same line', () => {
  const marker = /(?:biome-ignore|@ts-(?:ignore|nocheck|expect-error)|\beslint-disable)([^\n]*)/g;
  const reasoned = /^(?:-all|-start)? ?(?:[\w/]+)?:? \S+ \S+ \S+/;
  const breaches = allFiles
    .filter(({ path }) => path !== 'test/architecture.test.ts')
    .flatMap(({ path, text }) =>
      [...text.matchAll(marker)]
        .filter((match) => /@ts-(?:ignore|nocheck)|eslint/.test(match[0]) || !reasoned.test(match[1] ?? ''))
        .map((match) => `${path}:${lineAt(text, match.index)} ${match[0]}`),
    );
  assertNone(breaches, 'say why, in three words at least; @ts-ignore and @ts-nocheck are never right:');
});

test('a skipped or todo test says why in the same line', () => {
  const skip = /\b(?:test|it|describe)\.(?:skip|only|todo)\b|\b(?:skip|todo|only): ?true\b/;
  const breaches = listSources('test')
    .filter(({ path }) => path !== 'test/architecture.test.ts')
    .flatMap(({ path, text }) =>
      text
        .split('\n')
        .map((line, index) => ({ line, place: `${path}:${index + 1}` }))
        .filter(({ line }) => skip.test(line) && !/\/\/ \S+ \S+/.test(line))
        .map(({ place }) => place),
    );
  assertNone(breaches, 'write { skip: "the reason" }:');
});

test('every package that is imported is declared, and every one declared has its reason', () => {
  const declared = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as PackageFile;
  const packagesOf = (files: readonly Source[]) =>
    files.flatMap((source) =>
      importsOf(source)
        .filter(({ specifier }) => /^[a-z@]/.test(specifier) && !specifier.startsWith('node:'))
        .map(({ specifier, place }) => ({ name: /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? '', place })),
    );
  const all = { ...declared.dependencies, ...declared.devDependencies };
  const breaches = [
    ...packagesOf(sources).filter(({ name }) => !(name in declared.dependencies)),
    ...packagesOf(allFiles).filter(({ name }) => !(name in all)),
  ].map(({ name, place }) => `${place} imports ${name}`);
  assertNone(breaches, 'not in package.json (src/ may use dependencies only):');
  const reasons = readFileSync(join(root, 'docs/adr/0008-dependencies.md'), 'utf8');
  assertNone(
    Object.keys(all).filter((name) => !reasons.includes(`\`${name}\``)),
    'say why in docs/adr/0008-dependencies.md:',
  );
  assertNone(
    Object.entries(all).flatMap(([name, version]) => (/^\d/.test(version) ? [] : [name])),
    'pin one version:',
  );
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  assert.ok(!lock.includes('"resolved"'), 'the lock file says where to fetch: see .npmrc');
});

test('the linter enforces the rest as errors', () => {
  const wanted: Readonly<Record<string, Readonly<Record<string, object | true>>>> = {
    complexity: { noExcessiveLinesPerFunction: { maxLines: 60 }, useMaxParams: { max: 4 } },
    style: { noDefaultExport: true, noNonNullAssertion: true, noProcessEnv: true },
    suspicious: { noExplicitAny: true, noConsole: true, noImportCycles: true },
    nursery: { noFloatingPromises: true },
  };
  const { linter, overrides } = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8')) as BiomeFile;
  for (const [group, rules] of Object.entries(wanted))
    for (const [name, options] of Object.entries(rules)) {
      const rule = linter.rules[group]?.[name];
      assert.equal(
        typeof rule === 'object' ? rule.level : rule,
        'error',
        `${group}/${name} must be an error`,
      );
      if (options !== true) assert.partialDeepStrictEqual(rule, { options });
    }
  const loosened = overrides
    .flatMap(({ includes }) => includes)
    .filter((path) => !/^(?:test|bench|simulation|src\/config)\//.test(path));
  assert.deepEqual(loosened, [], 'rules are loosened for tests, bench and config only');
});

interface PackageFile {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

interface BiomeFile {
  readonly linter: { readonly rules: Record<string, Record<string, string | { level: string }>> };
  readonly overrides: readonly { readonly includes: readonly string[] }[];
}
