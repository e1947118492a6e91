/** Parts of the log that the database cannot read any more: a finding, and the other parts are still looked at. */
import { MailError } from '../../lib/mail-error.ts';
import type { Findings } from './findings.ts';

/** Runs a part of the check. Throws what it throws, but for a damage of the database, which is named. */
export async function nameUnreadable(
  findings: Findings,
  what: string,
  check: () => Promise<void>,
): Promise<void> {
  try {
    await check();
  } catch (error) {
    const reason = error instanceof MailError && error.cause instanceof Error ? error.cause.message : '';
    if (!damages.has(reason)) throw error;
    findings.add({
      code: 'index-wrong',
      node: '',
      text: `${what}: ${reason}, and what follows was not read`,
    });
  }
}

const damages: ReadonlySet<string> = new Set([
  'the database is damaged',
  'the database met an input/output error',
]);
