/** What one large message takes on disk, as lines to print and as Markdown for docs/performance.md. */
import { type DiskUse, sumUse } from './measure/disk-use.ts';
import type { StorageResult } from './measure/storage.ts';
import { formatMegabytes } from './statistics.ts';

const kinds: readonly (readonly [keyof DiskUse, string])[] = [
  ['blobs', 'files of large messages'],
  ['database', 'database'],
  ['databaseLog', "SQLite's log"],
  ['sealedLog', 'sealed message log'],
  ['other', 'other'],
];

export function describeStorage({ sent, stored, fetched, holding, fetchedBytes }: StorageResult): string[] {
  const sum = sumUse(stored);
  const parts = kinds.map(([kind, name]) => `${name} ${formatBytes(stored[kind])}`);
  return [
    `Storage: ${formatMegabytes(sent)} to 50 recipients with complete receipts takes ${formatBytes(sum)} on ` +
      `disk, ${(sum / sent).toFixed(3)} times the message (${parts.join(', ')}); all ${fetched} messages were fetched, ` +
      `${formatMegabytes(fetchedBytes)}, ${holding} of them (all but the acceptance receipt) with the original in ` +
      'them byte for byte.',
  ];
}

export function renderStorage(result: StorageResult): string {
  return ['## Storage', '', '    npm run bench -- --only storage', '', ...describeStorage(result)].join('\n');
}

function formatBytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}
