/** `pec mailbox app-password add|list|revoke`: one password for each mail program or device. */
import { type Command, Option } from 'commander';
import {
  type ApplicationPassword,
  type ProgramScope,
  programScopes,
} from '../accounts/application-passwords.ts';
import { type ConfigOptions, configOption } from './config-option.ts';
import { parseDuration } from './duration.ts';
import { formatLastUse } from './login.ts';
import { jsonOption, type ListOptions, parseCount } from './options.ts';
import { withStores } from './stores.ts';
import { formatInstant, renderTable, showOneLine } from './table.ts';
import type { Terminal } from './terminal.ts';

export function addApplicationPasswordCommands(mailbox: Command, terminal: Terminal): void {
  const command = mailbox
    .command('app-password')
    .description('application passwords: one for each program or device, taken back one by one');
  addAddCommand(command, terminal);
  addListCommand(command, terminal);
  addRevokeCommand(command, terminal);
}

interface AddOptions extends ConfigOptions {
  readonly for: string;
  readonly scope: readonly (ProgramScope | 'any')[];
  readonly readOnly?: boolean;
  /** Milliseconds. */
  readonly expires?: number;
}

function addAddCommand(command: Command, terminal: Terminal): void {
  command
    .command('add <login>')
    .description('make one and print it, this one time; the login is the address, or a further login')
    .requiredOption('--for <text>', 'which program or device it is for, e.g. "phone of Anna"')
    .addOption(
      new Option('--scope <protocol...>', 'what it is good for')
        .choices([...programScopes, 'any'])
        .default(['any'], 'any'),
    )
    .option('--read-only', 'it reads and changes nothing, not even flags, and never sends')
    .option('--expires <duration>', 'how long it is good, e.g. 90d; for ever unless told', parseDuration)
    .addOption(configOption())
    .action(async (name: string, options: AddOptions) => {
      const made = await withStores(options, async ({ accounts }) => {
        const { id: loginId } = await accounts.findLogin(name);
        return accounts.addApplicationPassword({
          loginId,
          label: options.for,
          scopes: chooseScopes(options),
          readOnly: options.readOnly === true,
          ...(options.expires === undefined ? {} : { expiresAt: Date.now() + options.expires }),
        });
      });
      terminal.print(made.secret);
      terminal.remark(
        `Application password ${made.id} of ${name}. It is shown this one time: write it into the program now.`,
      );
    });
}

/** A read-only one is for reading: `any` then leaves sending out. */
function chooseScopes({ scope, readOnly }: AddOptions): readonly ProgramScope[] {
  const any = programScopes.filter((each) => readOnly !== true || each !== 'smtp');
  return scope.includes('any') ? any : programScopes.filter((each) => scope.includes(each));
}

function addListCommand(command: Command, terminal: Terminal): void {
  command
    .command('list <login>')
    .description(
      'the application passwords of a login: what for, and when, how and from where they came last',
    )
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (name: string, options: ListOptions) => {
      const found = await withStores(options, async ({ accounts }) =>
        accounts.listApplicationPasswords((await accounts.findLogin(name)).id),
      );
      terminal.print(options.json === true ? JSON.stringify(found, null, 2) : renderPasswords(found));
    });
}

function addRevokeCommand(command: Command, terminal: Terminal): void {
  command
    .command('revoke <login>')
    .description('take one back: it opens nothing any more, and its open sessions end')
    .argument('<id>', 'its number in the list', parseCount)
    .addOption(configOption())
    .action(async (name: string, id: number, options: ConfigOptions) => {
      await withStores(options, async ({ accounts }) =>
        accounts.revokeApplicationPassword((await accounts.findLogin(name)).id, id),
      );
      terminal.print(`Application password ${id} of ${name} revoked.`);
    });
}

function renderPasswords(passwords: readonly ApplicationPassword[]): string {
  return renderTable(
    ['ID', 'FOR', 'SCOPE', 'MADE', 'EXPIRES', 'LAST USE'],
    passwords.map(({ id, label, scopes, readOnly, createdAt, expiresAt, lastUse }) => [
      String(id),
      showOneLine(label),
      scopes.join(',') + (readOnly ? ' (read only)' : ''),
      formatInstant(createdAt),
      expiresAt === undefined ? 'never' : formatInstant(expiresAt),
      formatLastUse(lastUse),
    ]),
  );
}
