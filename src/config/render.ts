/**
 * Writes a configuration file with a comment above each setting, taken from the schema. Settings that are given stand as
 * they are; the others stand commented out with their default, so that the file shows all there is to change.
 */
import type { z } from 'zod';
import { z as schemas } from 'zod';
import { type ConfigInput, configSchema } from './schema.ts';
import { alternativesOf, membersOf, unwrap } from './schema-walk.ts';

const WIDTH = 100;

/** The text of a configuration file (JSON with comments) that says `values`. */
export function renderConfigFile(values: ConfigInput): string {
  const head = [
    '// Configuration of a certified mail provider (JSON with comments).',
    '// A line that is commented out shows the default. Paths count from the folder of this file.',
    '// After a change: pec config check --config THIS_FILE, then restart the provider.',
    '',
  ];
  return [...head, '{', ...renderMembers(configSchema, values, '  '), '}', ''].join('\n');
}

function renderMembers(object: z.ZodObject, values: object, indent: string): string[] {
  const given = values as Record<string, unknown>;
  return membersOf(object).flatMap(([name, schema], index) => [
    ...(index > 0 && indent.length === 2 ? [''] : []),
    ...renderMember(name, schema, given[name], indent),
  ]);
}

function renderMember(name: string, schema: z.ZodType, value: unknown, indent: string): string[] {
  const { core, description, preset, nullable } = unwrap(schema);
  const comment = wrapComment(description, indent);
  const object = nullable ? undefined : objectFor(core, value ?? preset);
  if (object !== undefined) {
    const inner = renderMembers(object, (value ?? preset ?? {}) as object, `${indent}  `);
    return [...comment, `${indent}${JSON.stringify(name)}: {`, ...inner, `${indent}},`];
  }
  const active = value !== undefined;
  const shown = active ? value : preset;
  if (shown === undefined) return [];
  return [...comment, `${indent}${active ? '' : '// '}${JSON.stringify(name)}: ${renderValue(shown)},`];
}

/** One line of JSON, with the blanks a person would write. */
function renderValue(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(renderValue).join(', ')}]`;
  const members = Object.entries(value).map(
    ([name, inner]) => `${JSON.stringify(name)}: ${renderValue(inner)}`,
  );
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

/** The object type whose members are written one by one; a union is the alternative that `value` chose. */
function objectFor(core: z.ZodType, value: unknown): z.ZodObject | undefined {
  if (core instanceof schemas.ZodObject) return core;
  return alternativesOf(core)?.get((value as { kind: string } | undefined)?.kind ?? '');
}

function wrapComment(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').filter((part) => part !== '')) {
    if (line !== '' && indent.length + 3 + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  if (line !== '') lines.push(line);
  return lines.map((wrapped) => `${indent}// ${wrapped}`);
}
