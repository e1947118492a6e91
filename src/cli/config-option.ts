/** The option every command has: which configuration file. */
import { Option } from 'commander';
import { loadConfig } from '../config/load.ts';
import { locateConfig } from '../config/locate.ts';
import type { Config } from '../config/schema.ts';

export interface ConfigOptions {
  readonly config?: string;
}

export function configOption(): Option {
  return new Option(
    '-c, --config <file>',
    'configuration file (else $PEC_CONFIG, else /etc/openpec/config.json)',
  );
}

/** @throws {ConfigError} when the configuration cannot be used. */
export function openConfig(options: ConfigOptions): { readonly file: string; readonly config: Config } {
  const file = locateConfig(options.config);
  return { file, config: loadConfig(file) };
}
