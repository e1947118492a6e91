/** DKIM signatures judged by dkimpy, without a network. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type { DkimRecord } from '../../src/pki/dkim-key.ts';

/** Debian's own, whose packages another in PATH does not see. */
const python = '/usr/bin/python3';

/** Verifies the message on standard input with the record of the arguments, and no network. */
const verifier = `
import sys, dkim
name, value = sys.argv[1], sys.argv[2]
def ask(wanted, timeout=5):
    return value.encode() if wanted.decode().rstrip('.') == name else None
message = sys.stdin.buffer.read()
checker = dkim.DKIM(message)
try:
    sys.exit(0 if checker.verify(dnsfunc=ask) else 7)
except dkim.ValidationError:
    sys.exit(7)
`;

/** True when the message has a signature that holds, by the one record given. */
export function verifyDkim(message: Uint8Array, { name, value }: DkimRecord): boolean {
  const { status, stderr } = spawnSync(python, ['-c', verifier, name, value], { input: message });
  assert.ok(status === 0 || status === 7, stderr.toString());
  return status === 0;
}
