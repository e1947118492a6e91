/** What the machine can sign at most: RSA-2048 signatures per second with all its cores doing nothing else. */
import { availableParallelism } from 'node:os';
import { runWell } from '../../test/support/run-program.ts';

export async function measureSignatures(seconds: number): Promise<number> {
  const multi = ['-multi', `${availableParallelism()}`];
  const text = (
    await runWell('openssl', ['speed', '-seconds', `${seconds}`, ...multi, 'rsa2048'])
  ).toString();
  const line = /^rsa\s+2048 bits\s+\S+s\s+\S+s\s+([\d.]+)/m.exec(text);
  if (line === null) throw new Error(`openssl speed said something else:\n${text}`);
  return Number(line[1]);
}
