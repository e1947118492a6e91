/** A scanner that can never tell: mail must wait (451), and never pass as clean. */
import { cannotTell } from './cannot-tell.ts';
import type { VirusScanner } from './scanner.ts';

export function createFailingScanner(reason = 'switched to failing'): VirusScanner {
  return {
    name: `failing scanner (${reason})`,
    async scan() {
      throw cannotTell(new Error(reason));
    },
  };
}
