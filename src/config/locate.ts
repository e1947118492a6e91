/** Where the configuration file is, when nobody says. */
import { resolve } from 'node:path';

export const CONFIG_VARIABLE = 'PEC_CONFIG';
export const STANDARD_CONFIG_FILE = '/etc/openpec/config.json';

/** `named`, else the environment's, else the standard place; absolute. */
export function locateConfig(named?: string): string {
  return resolve(named ?? process.env[CONFIG_VARIABLE] ?? STANDARD_CONFIG_FILE);
}
