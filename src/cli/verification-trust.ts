/** Whom `pec verify` believes: what its options name, else what the configuration names. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../config/load.ts';
import { locateConfig } from '../config/locate.ts';
import type { Config } from '../config/schema.ts';
import { readCertificateFiles } from '../config/secrets.ts';
import { decodePem } from '../lib/pem.ts';
import { IndexError } from '../provider-index/index-error.ts';
import { createIndex } from '../provider-index/index-from-records.ts';
import { parseIndex } from '../provider-index/index-ldif.ts';
import type { ProviderIndex } from '../provider-index/provider-index.ts';
import { openSignedLdif } from '../provider-index/signed-ldif.ts';
import { parseTrust, type Trust } from '../smime/trust.ts';
import { openIndex, openSigner, openTrust, readCertificates, readTrust } from '../wire.ts';
import type { ConfigOptions } from './config-option.ts';
import { CommandFailure, exitCode } from './exit-code.ts';

export interface TrustOptions extends ConfigOptions {
  readonly trust?: readonly string[];
  readonly index?: string;
}

export interface VerificationTrust {
  readonly trust: Trust;
  /** Undefined when there is none to ask. */
  readonly index: ProviderIndex | undefined;
}

/** @throws {CommandFailure | ConfigError} when there is nobody to believe, or a file cannot be used. */
export async function loadVerificationTrust(options: TrustOptions): Promise<VerificationTrust> {
  const config = loadConfigIfNeeded(options);
  const trust = options.trust === undefined ? config && readTrust(config) : readAnchors(options.trust);
  if (trust === undefined)
    throw new CommandFailure(
      exitCode.config,
      'Non si sa a quali autorità credere: indicare --trust FILE.pem, oppure --config FILE.',
    );
  const index =
    options.index === undefined
      ? config && (await readConfiguredIndex(config, trust))
      : readIndexFile(options.index, trust);
  // Whoever names authorities does not want what the configuration keeps of others.
  if (config === undefined || options.trust !== undefined) return { trust, index };
  return { trust: await readKeptTrust(config, index), index };
}

/** With the revocation lists and OCSP answers that the provider keeps; nothing is fetched. */
async function readKeptTrust(config: Config, index: ProviderIndex | undefined): Promise<Trust> {
  if (!existsSync(join(config.dataFolder, 'revocation'))) return readTrust(config);
  const certificates = index?.all().flatMap((provider) => provider.certificates) ?? [];
  const issuers = readOwnIssuers(config);
  const kept = openTrust(config, {
    clock: Date.now,
    listCertificates: () => certificates,
    listOwnIssuers: () => issuers,
    report: () => undefined,
    stopping: AbortSignal.abort(),
  });
  await kept.load();
  return kept.current();
}

/** A clerk need not be able to read the key, and without these certificates fewer lists can be used. */
function readOwnIssuers(config: Config): readonly Uint8Array[] {
  const { signing } = config;
  try {
    const chain =
      signing.kind === 'pem' ? readCertificates('signing.chain', [signing.chain]) : openSigner(config).chain;
    return chain.slice(1);
  } catch {
    return [];
  }
}

/** A clerk may have no provider of their own: with --trust a configuration is used only if it is named. */
function loadConfigIfNeeded({ config, trust }: TrustOptions): Config | undefined {
  if (config === undefined && (trust !== undefined || !existsSync(locateConfig()))) return undefined;
  return loadConfig(locateConfig(config));
}

function readAnchors(files: readonly string[]): Trust {
  const anchors = readCertificateFiles('--trust', files).flatMap((pem) => decodePem('CERTIFICATE', pem));
  return parseTrust({ anchors });
}

async function readConfiguredIndex(config: Config, trust: Trust): Promise<ProviderIndex | undefined> {
  if (config.index.kind === 'file') return readIndexFile(config.index.path, trust);
  const index = (await openIndex(config, { clock: Date.now })).current();
  return index.fetchedAt === undefined ? undefined : index;
}

/** A file that whoever runs the command vouches for: the signature, if there is one, must be good. */
function readIndexFile(file: string, trust: Trust): ProviderIndex {
  try {
    const bytes = readFileSync(file);
    const policy = { mode: 'archive', profile: 'any', revocation: 'none' } as const;
    const isSigned = bytes[0] === 0x30; // DER: SEQUENCE
    const ldif = isSigned ? openSignedLdif(bytes, { trust, policy, now: Date.now() }).ldif : bytes;
    return createIndex(parseIndex(ldif).providers, Date.now());
  } catch (error) {
    const reason = error instanceof IndexError ? error.message : (error as Error).message;
    throw new CommandFailure(
      exitCode.usage,
      `L'indice dei gestori ${file} non si può usare: ${reason}`,
      error,
    );
  }
}
