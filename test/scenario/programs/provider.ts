/**
 * A provider in a process of its own. It prints its ports as one line of JSON and serves until its standard input
 * ends. `offset N` on the input moves its clock to N milliseconds before or after the real one. At the step it was told,
 * when it was started or by `kill STEP COUNT` on the input, it kills itself as `kill -9` does: nothing is flushed,
 * nothing is said.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { VirusScanner } from '../../../src/antivirus/scanner.ts';
import { parseConfig } from '../../../src/config/load.ts';
import { startProvider } from '../../../src/main.ts';
import { createLog } from '../../../src/telemetry/log.ts';

interface Orders {
  readonly configFile: string;
  readonly logFile: string;
  readonly offset: number;
  readonly killAt?: { readonly step: string; readonly count: number };
  /** Instead of the scanner for EICAR, which makes much garbage of its own, one that only reads. */
  readonly readingScanner?: boolean;
}

const readingScanner: VirusScanner = {
  name: 'reads and finds nothing',
  scan: async (source) => {
    for await (const _chunk of source);
    return { infected: false };
  },
};

const { configFile, logFile, ...orders } = JSON.parse(process.argv[2] ?? '') as Orders;
let { offset, killAt } = orders;
let reached = 0;

const provider = await startProvider(parseConfig(JSON.parse(readFileSync(configFile, 'utf8')), configFile), {
  log: createLog({ level: 'warn', destination: logFile }),
  clock: () => Date.now() + offset,
  ...(orders.readingScanner === true ? { scanner: readingScanner } : {}),
  steps: {
    reached: (step) => {
      if (step === killAt?.step && ++reached === killAt.count) process.kill(process.pid, 'SIGKILL');
    },
  },
});
const { submissions, mx, imaps } = provider.listening;
process.stdout.write(
  `${JSON.stringify({ submissions: submissions?.port, mx: mx?.port, imaps: imaps?.port })}\n`,
);
for await (const line of createInterface({ input: process.stdin })) {
  const [word, value = '', count] = line.split(' ');
  if (word === 'kill') {
    killAt = { step: value, count: Number(count) };
    reached = 0;
  }
  if (word !== 'offset') continue;
  offset = Number(value);
  provider.clockMoved();
}
await provider.stop();
