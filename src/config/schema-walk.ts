/**
 * Reads the schema as data: the settings it holds one by one, and which values are paths. The only file that knows how
 * zod describes a type.
 */
import { resolve } from 'node:path';
import { z } from 'zod';

/** One setting as documentation shows it. */
export interface Setting {
  /** `limits.recipients` */
  readonly path: string;
  /** The alternative it belongs to, as `kind` says it: `pkcs12`. */
  readonly kind: string | undefined;
  readonly schema: z.ZodType;
  /** What values it takes, in words. */
  readonly type: string;
  /** What it is when the file does not say; undefined when the file must say it. */
  readonly preset: unknown;
  readonly required: boolean;
  readonly description: string;
}

interface Layers {
  readonly core: z.ZodType;
  readonly description: string;
  readonly preset: unknown;
  readonly required: boolean;
  readonly nullable: boolean;
}

/** Takes the wrappers (default, nullable, optional) off a type and keeps what they say. */
export function unwrap(schema: z.ZodType): Layers {
  let core = schema;
  let description = '';
  let preset: unknown;
  let required = true;
  let nullable = false;
  for (;;) {
    description ||= core.meta()?.description ?? '';
    if (core instanceof z.ZodDefault || core instanceof z.ZodPrefault) {
      preset = core.def.defaultValue;
      required = false;
    } else if (core instanceof z.ZodNullable) nullable = true;
    else if (core instanceof z.ZodOptional) required = false;
    else return { core, description, preset, required, nullable };
    core = core.def.innerType as z.ZodType;
  }
}

/** The alternatives of a tagged union, by their `kind`; undefined when the type is none. */
export function alternativesOf(core: z.ZodType): ReadonlyMap<string, z.ZodObject> | undefined {
  if (!(core instanceof z.ZodDiscriminatedUnion)) return undefined;
  const options = core.options as readonly z.ZodObject[];
  return new Map(options.map((option) => [String((option.shape.kind as z.ZodLiteral).value), option]));
}

/** The members of an object type, in the order of the schema, `$schema` left out. */
export function membersOf(object: z.ZodObject): readonly (readonly [name: string, schema: z.ZodType])[] {
  return Object.entries(object.shape as Record<string, z.ZodType>).filter(([name]) => name !== '$schema');
}

/** Every setting below `schema`, in order. */
export function* listSettings(schema: z.ZodType, path = '', kind?: string): Generator<Setting> {
  const { core, description, preset, required, nullable } = unwrap(schema);
  const alternatives = alternativesOf(core);
  if (alternatives !== undefined) {
    const type = [...alternatives.keys()].map((name) => `"${name}"`).join(' or ');
    const kindSchema = z.enum([...alternatives.keys()]);
    const chosen = required ? undefined : (preset as { kind: string }).kind;
    yield { path: `${path}.kind`, kind, schema: kindSchema, type, preset: chosen, required, description };
    for (const [name, option] of alternatives)
      for (const [member, inner] of membersOf(option))
        if (member !== 'kind') yield* listSettings(inner, `${path}.${member}`, name);
  } else if (core instanceof z.ZodObject && !nullable) {
    for (const [member, inner] of membersOf(core))
      yield* listSettings(inner, path === '' ? member : `${path}.${member}`, kind);
  } else {
    const type = nullable ? `${nameType(core)} or null` : nameType(core);
    yield { path, kind, schema, type, preset, required, description };
  }
}

function nameType(core: z.ZodType): string {
  if (core instanceof z.ZodEnum) return core.options.map((option) => `"${option}"`).join(', ');
  if (core instanceof z.ZodNumber) return `${core.minValue} to ${core.maxValue}`;
  if (core instanceof z.ZodBoolean) return 'true or false';
  if (core instanceof z.ZodArray) {
    const item = nameType(unwrap(core.element as z.ZodType).core);
    return item.endsWith('}') ? `list of ${item}` : `list of ${item}s`;
  }
  if (core instanceof z.ZodRecord) return `text → ${nameType(unwrap(core.valueType as z.ZodType).core)}`;
  if (core instanceof z.ZodObject)
    return `{ ${membersOf(core)
      .map(([name]) => name)
      .join(', ')} }`;
  const alternatives = alternativesOf(core);
  if (alternatives !== undefined)
    return `{ kind ${[...alternatives.keys()].map((kind) => `"${kind}"`).join(' or ')}, … }`;
  return core.meta()?.path === true ? 'path' : 'text';
}

/** A copy of `value`, a checked value of `schema`, with every path absolute, counting from `folder`. */
export function resolvePaths(schema: z.ZodType, value: unknown, folder: string): unknown {
  const { core } = unwrap(schema);
  if (typeof value === 'string') return core.meta()?.path === true ? resolve(folder, value) : value;
  if (Array.isArray(value) && core instanceof z.ZodArray)
    return value.map((item) => resolvePaths(core.element as z.ZodType, item, folder));
  if (typeof value !== 'object' || value === null) return value;
  const object = alternativesOf(core)?.get((value as { kind: string }).kind) ?? core;
  if (!(object instanceof z.ZodObject)) return value;
  const shape = object.shape as Record<string, z.ZodType>;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      const member = shape[name];
      return [name, member === undefined ? inner : resolvePaths(member, inner, folder)];
    }),
  );
}
