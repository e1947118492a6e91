/** `pec login add|list|set|passwd|remove`: who may log in to a mailbox beside its holder, and to do what. */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { LastUse, LoginEntry, LoginSettings, Rights } from '../accounts/logins.ts';
import { type ConfigOptions, configOption } from './config-option.ts';
import { CommandFailure, exitCode } from './exit-code.ts';
import { jsonOption, type ListOptions } from './options.ts';
import { type PasswordOptions, passwordOption, readPassword } from './password-option.ts';
import { withStores } from './stores.ts';
import { formatInstant, renderTable, showOneLine } from './table.ts';
import type { Terminal } from './terminal.ts';

export function buildLoginCommand(terminal: Terminal): Command {
  const login = new Command('login').description('who may log in to a mailbox');
  addAddCommand(login, terminal);
  addListCommand(login, terminal);
  addSetCommand(login, terminal);
  addPasswdCommand(login, terminal);
  addRemoveCommand(login, terminal);
  return login;
}

const rightNames = ['read', 'write', 'send', 'manage'] as const;

/** Comma between them. @throws {InvalidArgumentError} */
function parseRights(text: string): Rights {
  const named = text.split(',').map((name) => name.trim());
  const wrong = named.find((name) => !rightNames.some((known) => known === name));
  if (wrong !== undefined) throw new InvalidArgumentError(`Name some of ${rightNames.join(',')}.`);
  const has = (right: (typeof rightNames)[number]) => named.includes(right);
  return { read: has('read'), write: has('write'), send: has('send'), manage: has('manage') };
}

const usualRights: Rights = { read: true, write: true, send: true, manage: false };

function rightsOption(): Option {
  return new Option(
    '--rights <list>',
    `some of ${rightNames.join(',')}: read mail; change, move and remove it; send as the mailbox; share folders`,
  ).argParser(parseRights);
}

interface AddOptions extends ConfigOptions, PasswordOptions {
  readonly rights: Rights;
}

function addAddCommand(login: Command, terminal: Terminal): void {
  login
    .command('add <mailbox> <name>')
    .description('give a mailbox a further login with a password of its own')
    .addOption(rightsOption().default(usualRights, 'read,write,send'))
    .addOption(passwordOption())
    .addOption(configOption())
    .action(async (mailbox: string, name: string, options: AddOptions) => {
      const password = await readPassword(options, terminal);
      const { rights } = options;
      await withStores(options, ({ accounts }) => accounts.addLogin(mailbox, { name, password, rights }));
      terminal.print(`${name} may log in to ${mailbox}: ${formatRights(rights)}.`);
    });
}

function addListCommand(login: Command, terminal: Terminal): void {
  login
    .command('list <mailbox>')
    .description('all logins of a mailbox, with their rights and when they came last')
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (mailbox: string, options: ListOptions) => {
      const logins = await withStores(options, ({ accounts }) => accounts.listLogins(mailbox));
      terminal.print(options.json === true ? JSON.stringify(logins, null, 2) : renderLogins(logins));
    });
}

interface SetOptions extends ConfigOptions {
  readonly rights?: Rights;
  readonly disable?: boolean;
  readonly enable?: boolean;
}

function addSetCommand(login: Command, terminal: Terminal): void {
  login
    .command('set <login>')
    .description('change what a login may do; sessions that are open end and log in anew')
    .addOption(rightsOption())
    .addOption(
      new Option('--disable', 'it proves nothing any more, with whatever password').conflicts('enable'),
    )
    .option('--enable', 'it may log in again')
    .addOption(configOption())
    .action(async (name: string, options: SetOptions) => {
      const { rights, disable, enable } = options;
      if (rights === undefined && disable !== true && enable !== true)
        throw new CommandFailure(
          exitCode.usage,
          'Nothing to change; pec login set --help shows what can be.',
        );
      const settings: LoginSettings = {
        ...(rights === undefined ? {} : { rights }),
        ...(disable === true ? { disabled: true } : {}),
        ...(enable === true ? { disabled: false } : {}),
      };
      const changed = await withStores(options, ({ accounts }) => accounts.setLogin(name, settings));
      terminal.print(renderLogins([changed]));
    });
}

function addPasswdCommand(login: Command, terminal: Terminal): void {
  login
    .command('passwd <login>')
    .description('set a new password; sessions with the old one end, application passwords go on')
    .addOption(passwordOption())
    .addOption(configOption())
    .action(async (name: string, options: ConfigOptions & PasswordOptions) => {
      const password = await readPassword(options, terminal);
      await withStores(options, ({ accounts }) => accounts.setPassword(name, password));
      terminal.print(`${name} has a new password.`);
    });
}

function addRemoveCommand(login: Command, terminal: Terminal): void {
  login
    .command('remove <login>')
    .description('take a further login away, with its application passwords; its sessions end')
    .addOption(configOption())
    .action(async (name: string, options: ConfigOptions) => {
      await withStores(options, ({ accounts }) => accounts.removeLogin(name));
      terminal.print(`${name} removed.`);
    });
}

function renderLogins(logins: readonly LoginEntry[]): string {
  return renderTable(
    ['LOGIN', 'RIGHTS', 'LAST USE', 'STATE'],
    logins.map(({ name, rights, lastUse, disabledAt }) => [
      showOneLine(name),
      formatRights(rights),
      formatLastUse(lastUse),
      disabledAt === undefined ? 'in use' : `disabled ${formatInstant(disabledAt)}`,
    ]),
  );
}

function formatRights(rights: Rights): string {
  return rightNames.filter((name) => rights[name]).join(',');
}

/** `2026-11-21 10:11:12 imap 192.0.2.7` */
export function formatLastUse(use: LastUse | undefined): string {
  if (use === undefined) return 'never';
  return [formatInstant(use.at), use.by, use.from].filter((part) => part !== undefined).join(' ');
}
