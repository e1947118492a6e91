/**
 * What time it is for a command: the machine's, but in a sandbox whose clock was moved ahead the sandbox's. Otherwise
 * what its providers have written would lie in the future, and be called wrong.
 */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { locateConfig } from '../config/locate.ts';
import type { Clock } from '../lib/time.ts';
import { openMovedClock } from '../sandbox/moved-clock.ts';
import { sandboxFiles } from '../sandbox/places.ts';
import type { ConfigOptions } from './config-option.ts';

/** A sandbox is known by its authority beside the providers' folders; nothing else has a clock that moves. */
export function openCommandClock({ config }: ConfigOptions): Clock {
  const files = sandboxFiles(dirname(dirname(resolve(locateConfig(config)))));
  return existsSync(files.authority) ? openMovedClock(files, Date.now).clock : Date.now;
}
