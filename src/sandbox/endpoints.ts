/** `endpoints.json`: how any program attaches to a running sandbox. Paths count from the file's own folder. */
import { renameSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { SandboxFiles } from './places.ts';
import type { PreparedProvider } from './prepare.ts';

/** Written whole or not at all, so that a waiting program never reads half of it. */
export function writeEndpoints(files: SandboxFiles, providers: readonly PreparedProvider[]): void {
  const from = (file: string) => relative(files.folder, file);
  const endpoints = {
    ca: from(files.caCertificate),
    providers: providers.map((provider) => ({
      name: provider.name,
      domain: provider.domain,
      host: 'localhost',
      ports: provider.ports,
      config: from(provider.configFile),
      data: from(files.provider(provider.key).data),
      users: provider.users,
    })),
  };
  const temporary = `${files.endpoints}.new`;
  writeFileSync(temporary, `${JSON.stringify(endpoints, null, 2)}\n`, { mode: 0o600 });
  renameSync(temporary, files.endpoints);
}
