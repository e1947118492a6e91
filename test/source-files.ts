/** The project's own source files as the architecture test sees them: paths, lines, imports. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

export interface Source {
  /** From the root of the repository: `src/pec/facts.ts`. */
  readonly path: string;
  readonly text: string;
}

export interface Import {
  /** As written: `../lib/time.ts`, `node:fs`, `zod`. */
  readonly specifier: string;
  /** The file it leads to, from the root of the repository; undefined for modules. */
  readonly file: string | undefined;
  /** Names imported, as exported by the other side; `*` for a namespace, empty for a side effect. */
  readonly names: readonly string[];
  /** `src/pec/facts.ts:3` */
  readonly place: string;
}

export const root = join(import.meta.dirname, '..');

/** All TypeScript files below `folder`, in order of path; none when there is no such folder. */
export function listSources(folder: string): readonly Source[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => {
      const path = join(folder, name);
      return { path, text: readFileSync(join(root, path), 'utf8') };
    });
}

/** `pec` for src/pec/facts.ts, `wire.ts` for src/wire.ts. */
export function roomOf(path: string): string {
  return path.split('/')[1] ?? '';
}

const statement = /^(?:import|export)\s+(?:type\s+)?(?:([\w*{}\s,$]+?)\s+from\s+)?'([^']+)';/gm;
const dynamic = /\bimport\(\s*'([^']+)'\s*\)/g;

/** Static imports, re-exports and dynamic imports, type imports included. */
export function importsOf(source: Source): readonly Import[] {
  const found = [
    ...[...source.text.matchAll(statement)].map((match) => ({
      match,
      clause: match[1] ?? '',
      specifier: match[2] ?? '',
    })),
    ...[...source.text.matchAll(dynamic)].map((match) => ({ match, clause: '*', specifier: match[1] ?? '' })),
  ];
  return found.map(({ match, clause, specifier }) => ({
    specifier,
    file: specifier.startsWith('.') ? normalize(join(dirname(source.path), specifier)) : undefined,
    names: namesIn(clause),
    place: `${source.path}:${lineAt(source.text, match.index)}`,
  }));
}

function namesIn(clause: string): readonly string[] {
  const inBraces = /\{([^}]*)\}/.exec(clause)?.[1] ?? '';
  const outside = clause
    .replace(/\{[^}]*\}/, '')
    .replaceAll(',', ' ')
    .trim();
  const named = inBraces.split(',').map(
    (name) =>
      name
        .trim()
        .replace(/^type\s+/, '')
        .split(/\s+as\s+/)[0] ?? '',
  );
  return [
    ...named.filter((name) => name !== ''),
    ...(outside === '' ? [] : [outside.startsWith('*') ? '*' : 'default']),
  ];
}

/** The line, from 1, of the character at `index`. */
export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

/** The text with comments and strings blanked, so that a word in them is not taken for code. */
export function blankComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(?<![:'"`\\])\/\/[^\n]*/g, (comment) =>
    comment.replace(/[^\n]/g, ' '),
  );
}
