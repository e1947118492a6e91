/**
 * docs/performance.md: a frame written by hand with one place for each benchmark, between `<!-- begin NAME -->` and
 * `<!-- end NAME -->`. A benchmark replaces what stands in its own place and nothing else.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const page = join(import.meta.dirname, '../docs/performance.md');

/**
 * Puts `markdown` into the place called `name`; a place that is not there yet is added at the end of the page, so
 * `markdown` then brings its own heading.
 */
export function writeSection(name: string, markdown: string): void {
  writeFileSync(page, replaceSection(readFileSync(page, 'utf8'), name, markdown));
}

/** `text` with the section replaced or added. @throws {Error} when the place has a beginning and no end. */
export function replaceSection(text: string, name: string, markdown: string): string {
  const begin = `<!-- begin ${name} -->`;
  const end = `<!-- end ${name} -->`;
  const section = `${begin}\n\n${markdown.trim()}\n\n${end}`;
  const from = text.indexOf(begin);
  if (from < 0) return `${text.trimEnd()}\n\n${section}\n`;
  const to = text.indexOf(end, from);
  if (to < 0)
    throw new Error(`docs/performance.md has ${begin} without ${end}: add it where the section ends.`);
  return text.slice(0, from) + section + text.slice(to + end.length);
}
