/** Plans kept as files: what once failed, made small, and run again by the tests for ever. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plan } from './plan.ts';

export interface Case {
  /** What broke, in a sentence. */
  readonly why: string;
  readonly plan: Plan;
}

export const caseFolder = join(import.meta.dirname, '../test/simulation/cases');

/** Writes the case; the path. */
export function keepCase(name: string, kept: Case): string {
  mkdirSync(caseFolder, { recursive: true });
  const path = join(caseFolder, `${name}.json`);
  writeFileSync(path, `${JSON.stringify(kept, null, 2)}\n`);
  return path;
}

/** By name, sorted. */
export function listCases(): readonly (Case & { readonly name: string })[] {
  if (!existsSync(caseFolder)) return [];
  return readdirSync(caseFolder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => ({ name, ...readCase(join(caseFolder, name)) }));
}

export function readCase(path: string): Case {
  return JSON.parse(readFileSync(path, 'utf8')) as Case;
}
