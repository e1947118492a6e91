/** Whom `pec log verify` and `pec proof check` believe: what --anchors names, else what the configuration names. */
import { existsSync } from 'node:fs';
import { loadConfig } from '../config/load.ts';
import { locateConfig } from '../config/locate.ts';
import type { Config } from '../config/schema.ts';
import type { LogTrust } from '../message-log/verify/check-seal.ts';
import { parseTrust } from '../smime/trust.ts';
import { readCertificates, readStampAnchors, readTrust } from '../wire.ts';
import type { ConfigOptions } from './config-option.ts';
import { CommandFailure, exitCode } from './exit-code.ts';

export interface AnchorOptions extends ConfigOptions {
  readonly anchors?: readonly string[];
}

export interface LoadedTrust {
  /** Undefined when there is none, and none is needed. */
  readonly config: Config | undefined;
  readonly trust: LogTrust;
}

/** @throws {CommandFailure | ConfigError} when there is nobody to believe, or a file cannot be used. */
export function loadLogTrust({ config: file, anchors }: AnchorOptions): LoadedTrust {
  const place = locateConfig(file);
  // Who checks from outside has anchors and no provider of their own.
  const config =
    anchors !== undefined && file === undefined && !existsSync(place) ? undefined : loadConfig(place);
  if (anchors !== undefined) {
    const certificates = readCertificates('--anchors', anchors);
    if (certificates.length === 0)
      throw new CommandFailure(exitCode.usage, `${anchors.join(', ')} holds no certificate (PEM).`);
    const trust = parseTrust({ anchors: certificates });
    return { config, trust: { provider: trust, stamps: trust } };
  }
  if (config === undefined)
    throw new CommandFailure(exitCode.config, 'Whom to believe? Give --anchors FILE.pem, or --config FILE.');
  const stamps = parseTrust({ anchors: readStampAnchors(config) });
  return { config, trust: { provider: readTrust(config), stamps } };
}
