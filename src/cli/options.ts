/** Options that several commands have, with what they take. */
import { InvalidArgumentError, Option } from 'commander';
import type { OrdinaryMail } from '../accounts/domains.ts';
import type { ConfigOptions } from './config-option.ts';

export interface ListOptions extends ConfigOptions {
  readonly json?: boolean;
}

export function jsonOption(): Option {
  return new Option('--json', 'print JSON, for programs');
}

export type OrdinaryMailChoice = OrdinaryMail | 'default';

export function ordinaryMailOption(): Option {
  return new Option('--ordinary-mail <what>', 'what becomes of mail that is not certified').choices([
    'refuse',
    'accept',
    'forward',
    'default',
  ]);
}

/** @throws {InvalidArgumentError} when it is no whole number from 0. */
export function parseCount(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Write a whole number.');
  return Number(text);
}

/** Also takes the word `default`. */
export function orDefault<T>(parse: (text: string) => T): (text: string) => T | 'default' {
  return (text) => (text === 'default' ? 'default' : parse(text));
}

/** The rooms call it `null`: back to the default. */
export function orNull<T>(value: T | 'default'): T | null {
  return value === 'default' ? null : value;
}
