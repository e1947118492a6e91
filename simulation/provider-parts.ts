/** The ports of one life of a simulated provider: key, scanner, rows and bytes as slow and as broken as the plan says. */
import { sign } from 'node:crypto';
import { cannotTell } from '../src/antivirus/cannot-tell.ts';
import type { ScanVerdict, VirusScanner } from '../src/antivirus/scanner.ts';
import type { Signer } from '../src/keys/signer.ts';
import { signerUnavailable } from '../src/keys/unavailable.ts';
import { createSealer, type Sealer } from '../src/message-log/seal/sealer.ts';
import { SimulatedBlobs } from './blobs.ts';
import { SimulatedDatabase } from './database.ts';
import type { SimulatedProvider } from './provider.ts';
import type { Random } from './random.ts';
import type { Life } from './scheduler.ts';
import { packAtOnce, SimulatedSegments } from './segments.ts';
import { buildStamper } from './stamps.ts';

/** What every scanner knows, and what only newer ones do: that of every second provider. */
export const viruses = { known: 'SIMULATED-VIRUS-KNOWN', late: 'SIMULATED-VIRUS-LATE' } as const;

export function buildDatabase(provider: SimulatedProvider, life: Life, random: Random): SimulatedDatabase {
  const { conditions } = provider.world;
  const { number } = provider;
  return new SimulatedDatabase({
    rows: provider.rows,
    scheduler: provider.world.scheduler,
    life,
    random,
    faults: {
      failTransaction: () => {
        const full = conditions.at('disk-full', number).some(({ probability }) => random.chance(probability));
        if (full) conditions.count('disk: full');
        if (full) return random.pick(['statement', 'commit'] as const);
        const failed = conditions
          .at('database', number)
          .some(({ probability }) => random.chance(probability));
        if (failed) conditions.count('database: failed');
        return failed ? random.pick(['lock', 'statement', 'commit'] as const) : undefined;
      },
      dieInTransaction: () => provider.diesInTransaction(),
    },
    die: () => provider.crash('in a transaction'),
    onBreach: (text) => provider.world.report(provider, text),
  });
}

export function buildBlobs(provider: SimulatedProvider, life: Life, random: Random): SimulatedBlobs {
  const { conditions, scheduler } = provider.world;
  return new SimulatedBlobs({
    disk: provider.disk,
    scheduler,
    life,
    random,
    lies: () => conditions.at('lying-disk', provider.number).length > 0,
    isFull: () => {
      const faults = conditions.at('disk-full', provider.number);
      const full = faults.some(({ probability }) => random.chance(probability));
      if (full) conditions.count('disk: full');
      return full;
    },
  });
}

/** Sealed segments of the log; a full disk is full for them too. */
export function openSegments(provider: SimulatedProvider, life: Life, random: Random): SimulatedSegments {
  const { conditions, scheduler } = provider.world;
  return new SimulatedSegments({
    files: provider.segments,
    scheduler,
    life,
    random,
    isFull: () => {
      const faults = conditions.at('disk-full', provider.number);
      const full = faults.some(({ probability }) => random.chance(probability));
      if (full) conditions.count('disk: full');
      return full;
    },
  });
}

export function buildSealer(provider: SimulatedProvider, life: Life, random: Random): Sealer {
  return createSealer({
    db: buildDatabase(provider, life, random.fork('rows')),
    archive: openSegments(provider, life, random.fork('segments')),
    signer: () => provider.serving?.parts.signer ?? buildSigner(provider, life, random.fork('signer')),
    authorities: [buildStamper(provider, life, random.fork('stamps'))],
    leastStamps: 1,
    provider: { name: provider.name, domain: provider.domain },
    indexOn: async () => null,
    clock: () => provider.clock(),
    owner: life.name,
    pack: packAtOnce,
    onEvent: (event) => {
      if (event.type === 'damaged') provider.world.report(provider, `the log is damaged: ${event.reason}`);
      if (event.type === 'delayed') provider.world.conditions.count('sealing: delayed');
    },
  });
}

export function buildSigner(provider: SimulatedProvider, life: Life, random: Random): Signer {
  const { conditions, scheduler } = provider.world;
  const { key, certificate } = provider.certified;
  return {
    chain: [certificate],
    sign: async (tbs) => {
      const faults = conditions.at('signer', provider.number);
      const slow = Math.max(3, ...faults.map(({ slowMs }) => slowMs));
      if (slow > 3) conditions.count('signer: slow');
      await scheduler.wait(random.fraction() * slow, life, 'sign');
      if (faults.some(({ away }) => random.chance(away))) {
        conditions.count('signer: away');
        throw signerUnavailable();
      }
      return sign('sha256', tbs, key);
    },
  };
}

export function buildScanner(provider: SimulatedProvider, life: Life, random: Random): VirusScanner {
  const { conditions, scheduler } = provider.world;
  const knowsAll = provider.number % 2 === 1;
  return {
    name: 'simulated scanner',
    async scan(source): Promise<ScanVerdict> {
      const chunks: Uint8Array[] = [];
      for await (const chunk of source) chunks.push(new Uint8Array(chunk));
      const faults = conditions.at('scanner', provider.number);
      const slow = Math.max(2, ...faults.map(({ slowMs }) => slowMs));
      if (slow > 2) conditions.count('scanner: slow');
      await scheduler.wait(random.fraction() * slow, life, 'scan');
      if (faults.some(({ away }) => random.chance(away))) {
        conditions.count('scanner: away');
        throw cannotTell(new Error('simulated'));
      }
      const bytes = Buffer.concat(chunks);
      if (bytes.includes(viruses.known)) return { infected: true, virus: viruses.known };
      return knowsAll && bytes.includes(viruses.late)
        ? { infected: true, virus: viruses.late }
        : { infected: false };
    },
  };
}
