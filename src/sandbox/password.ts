/** Passwords of the sandbox: letters and digits only, so that no program takes one for an option and no shell for more. */
import { randomBytes } from 'node:crypto';

export function makePassword(): string {
  return randomBytes(8).toString('hex');
}
