/**
 * From a configuration file to a frozen {@link Config}. Everything that can be wrong with it is found in one go and
 * thrown as one {@link ConfigError}; nothing else in the provider checks settings again.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { z } from 'zod';
import { ConfigError, type ConfigProblem } from './config-error.ts';
import { parseJsonc } from './jsonc.ts';
import { type Config, type ConfigInput, configSchema } from './schema.ts';
import { listSettings, resolvePaths } from './schema-walk.ts';

/**
 * Reads, checks and freezes the configuration in `file` (JSON with comments).
 * @throws {ConfigError} when it cannot be read, is not JSON or breaks a rule.
 */
export function loadConfig(file: string): Config {
  const place = resolve(file);
  let raw: unknown;
  try {
    raw = parseJsonc(readFileSync(place, 'utf8'));
  } catch (error) {
    throw new ConfigError(place, [{ path: '', text: explainReadFailure(error) }], error);
  }
  return parseConfig(raw, place);
}

/**
 * Checks `raw` as if it stood in `file`: relative paths count from that file's folder.
 * @throws {ConfigError} when it breaks a rule.
 */
export function parseConfig(raw: unknown, file: string): Config {
  const result = configSchema.safeParse(raw, { reportInput: true });
  if (!result.success) throw new ConfigError(file, result.error.issues.flatMap(explainIssue));
  const { $schema: _unused, ...settings } = result.data;
  return freezeDeep(resolvePaths(configSchema, settings, dirname(resolve(file)))) as Config;
}

/** The settings of `config`, loaded from `file`, that differ from their default: in the shape of a file. */
export function selectChanged(config: Config, file: string): Partial<ConfigInput> {
  const folder = dirname(resolve(file));
  const changed: Record<string, unknown> = {};
  for (const { path, schema, preset, required } of listSettings(configSchema)) {
    const value = valueAt(config, path);
    if (value === undefined) continue;
    const untouched = resolvePaths(schema, preset, folder);
    if (required || JSON.stringify(value) !== JSON.stringify(untouched)) setAt(changed, path, value);
  }
  return changed as Partial<ConfigInput>;
}

function explainReadFailure(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'there is no such file; `pec init` makes one, --config FILE names another';
  if (code === 'EACCES')
    return 'it may not be read by this user; run the command as the user of the provider';
  if (error instanceof SyntaxError) return error.message;
  return error instanceof Error ? error.message : String(error);
}

function explainIssue(issue: z.core.$ZodIssue): ConfigProblem[] {
  const path = issue.path.join('.');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      path: joinPath(path, key),
      text: `there is no such setting${suggest(path, key)}`,
    }));
  if (issue.code === 'invalid_type' && issue.input === undefined)
    return [{ path, text: 'is missing; it has no default' }];
  if (issue.code === 'invalid_union') return [{ path, text: `must be one of ${kindsOf(issue)}` }];
  if (issue.code === 'invalid_value')
    return [
      { path, text: `must be one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}` },
    ];
  if (issue.code === 'too_big') return [{ path, text: `must be at most ${issue.maximum}` }];
  if (issue.code === 'too_small') return [{ path, text: `must be at least ${issue.minimum}` }];
  return [{ path, text: issue.message.replace(/^Invalid input: /, '') }];
}

function kindsOf(issue: z.core.$ZodIssueInvalidUnion): string {
  return ('options' in issue ? issue.options : []).map((kind) => `"${String(kind)}"`).join(', ');
}

function joinPath(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

/** The setting the writer probably meant: one with the same name elsewhere, or one slip away. */
function suggest(path: string, key: string): string {
  const known = [...listSettings(configSchema)].map((setting) => setting.path);
  const names = new Set(
    known.flatMap((name) => name.split('.').map((_, index, parts) => parts.slice(0, index + 1).join('.'))),
  );
  const wanted = joinPath(path, key);
  const near = [...names].find((name) => countEdits(name.toLowerCase(), wanted.toLowerCase()) <= 2);
  const elsewhere = known.find((name) => name.endsWith(`.${key}`));
  const best = near ?? elsewhere;
  return best === undefined ? '; docs/configuration.md lists them all' : `; did you mean ${best}?`;
}

/** Levenshtein distance. */
function countEdits(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const swap = (previous[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min((previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, swap));
    }
    previous = current;
  }
  return previous[to.length] ?? 0;
}

function valueAt(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((inner, name) => (inner as Record<string, unknown> | null | undefined)?.[name], value);
}

function setAt(target: Record<string, unknown>, path: string, value: unknown): void {
  const names = path.split('.');
  let inner = target;
  for (const name of names.slice(0, -1)) {
    inner[name] ??= {};
    inner = inner[name] as Record<string, unknown>;
  }
  inner[names.at(-1) ?? ''] = value;
}

function freezeDeep<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freezeDeep(inner);
  }
  return value;
}
