/** Debian's clamd on a socket of its own, with a signature file of ours that knows the EICAR test file only. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClamdScanner } from '../../src/antivirus/clamd.ts';
import { type ServerProcess, startServer, waitFor } from './run-program.ts';

/** In pieces, so that no scanner takes this very file for infected. */
export const eicar = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}', '$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join('');

export interface ClamdDaemon {
  readonly socket: string;
  readonly process: ServerProcess;
}

/** `folder` must be short: the path of a Unix socket has a limit. */
export async function startClamd(folder: string): Promise<ClamdDaemon> {
  const database = join(folder, 'db');
  const socket = join(folder, 'clamd.ctl');
  mkdirSync(database, { recursive: true });
  const signature = Buffer.from(eicar).toString('hex');
  writeFileSync(join(database, 'eicar.ndb'), `Openpec.Test.Eicar:0:*:${signature}\n`);
  const config = join(folder, 'clamd.conf');
  const settings = [
    `DatabaseDirectory ${database}`,
    `LocalSocket ${socket}`,
    `TemporaryDirectory ${folder}`,
    'Foreground yes',
    'StreamMaxLength 128M',
    'MaxScanSize 400M',
    'MaxFileSize 200M',
    'AlertExceedsMax yes',
    'OfficialDatabaseOnly no',
  ];
  writeFileSync(config, `${settings.join('\n')}\n`);
  const process = startServer('clamd', ['--config-file', config]);
  const scanner = createClamdScanner({ addresses: [{ path: socket }], timeoutMs: 2000 });
  await waitFor('clamd answers', () => scanner.readVersion().catch(() => undefined), {
    limitMs: 60_000,
    explain: () => process.output(),
  });
  return { socket, process };
}
