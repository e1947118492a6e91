/** Flags as clients write them (RFC 3501 §2.3.2). */
import { lowerAscii } from '../lib/bytes.ts';
import { SyntaxProblem } from './wire/syntax.ts';

const systemFlags: ReadonlyMap<string, string> = new Map(
  ['\\Answered', '\\Flagged', '\\Deleted', '\\Seen', '\\Draft'].map((flag) => [flag.toLowerCase(), flag]),
);
const mostFlags = 100;
const longestKeyword = 200;

/**
 * The flags a message may carry, each once, system flags in their usual spelling. \Recent is dropped: it
 * cannot be set, but programs that copy messages send it.
 * @throws {SyntaxProblem} for system flags that do not exist
 */
export function normalizeFlags(written: readonly string[]): string[] {
  const flags = new Map<string, string>();
  for (const flag of written) {
    const key = lowerAscii(flag);
    if (key === '\\recent') continue;
    const known = systemFlags.get(key);
    if (known === undefined && flag.startsWith('\\')) throw new SyntaxProblem(`There is no flag ${flag}`);
    if (flag.length > longestKeyword) throw new SyntaxProblem(`A keyword may have ${longestKeyword} bytes`);
    flags.set(key, flags.get(key) ?? known ?? flag);
  }
  if (flags.size > mostFlags) throw new SyntaxProblem(`A message may have ${mostFlags} flags`);
  return [...flags.values()];
}

/** Compared without case. */
export function hasFlag(flags: readonly string[], flag: string): boolean {
  const wanted = lowerAscii(flag);
  return flags.some((each) => each === flag || lowerAscii(each) === wanted);
}
