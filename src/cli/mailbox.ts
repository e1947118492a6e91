/** `pec mailbox add|list|passwd|set|remove|app-password`: the mailboxes (caselle) of this provider. */
import { Command } from 'commander';
import { addApplicationPasswordCommands } from './application-password.ts';
import { parseByteCount } from './byte-count.ts';
import { type ConfigOptions, configOption } from './config-option.ts';
import { CommandFailure, exitCode } from './exit-code.ts';
import { addExportCommand } from './mailbox-export.ts';
import { addImportCommand } from './mailbox-import.ts';
import { renderMailboxes } from './mailbox-list.ts';
import { addMailboxSetCommand } from './mailbox-set.ts';
import { jsonOption, type ListOptions } from './options.ts';
import { type PasswordOptions, passwordOption, readPassword } from './password-option.ts';
import { withStores } from './stores.ts';
import type { Terminal } from './terminal.ts';

export function buildMailboxCommand(terminal: Terminal): Command {
  const mailbox = new Command('mailbox').description('mailboxes of this provider');
  addAddCommand(mailbox, terminal);
  addListCommand(mailbox, terminal);
  addPasswdCommand(mailbox, terminal);
  addMailboxSetCommand(mailbox, terminal);
  addRemoveCommand(mailbox, terminal);
  addImportCommand(mailbox, terminal);
  addExportCommand(mailbox, terminal);
  addApplicationPasswordCommands(mailbox, terminal);
  return mailbox;
}

interface AddOptions extends ConfigOptions, PasswordOptions {
  readonly quota?: number;
  readonly name?: string;
  readonly reassign?: boolean;
}

function addAddCommand(mailbox: Command, terminal: Terminal): void {
  mailbox
    .command('add <address>')
    .description('make a mailbox and its login, which is the address')
    .addOption(passwordOption())
    .option('--quota <size>', 'its size, e.g. 2G', parseByteCount)
    .option('--name <text>', 'name of its holder')
    .option('--reassign', 'give out an address that another mailbox had before')
    .addOption(configOption())
    .action(async (address: string, options: AddOptions) => {
      const password = await readPassword(options, terminal);
      const { quota, name, reassign } = options;
      const wanted = {
        address,
        password,
        ...(quota === undefined ? {} : { quotaBytes: quota }),
        ...(name === undefined ? {} : { displayName: name }),
        ...(reassign === true ? { reassign } : {}),
      };
      const added = await withStores(options, ({ accounts }) => accounts.addMailbox(wanted));
      terminal.print(`${added.address} added.`);
    });
}

function addListCommand(mailbox: Command, terminal: Terminal): void {
  mailbox
    .command('list')
    .description('all mailboxes, by address')
    .option('--domain <domain>', 'only those of this domain')
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (options: ListOptions & { readonly domain?: string }) => {
      const filter = options.domain === undefined ? {} : { domain: options.domain };
      const found = await withStores(options, ({ accounts }) => accounts.listMailboxes(filter));
      terminal.print(options.json === true ? JSON.stringify(found, null, 2) : renderMailboxes(found));
    });
}

function addPasswdCommand(mailbox: Command, terminal: Terminal): void {
  mailbox
    .command('passwd <login>')
    .description('set a new password; the login is the address, or the name of a further login')
    .addOption(passwordOption())
    .addOption(configOption())
    .action(async (login: string, options: ConfigOptions & PasswordOptions) => {
      const password = await readPassword(options, terminal);
      await withStores(options, ({ accounts }) => accounts.setPassword(login, password));
      terminal.print(`${login} has a new password.`);
    });
}

function addRemoveCommand(mailbox: Command, terminal: Terminal): void {
  mailbox
    .command('remove <address>')
    .description('remove a mailbox, its logins and its messages; the message log keeps what it must')
    .option('--yes', 'do not ask')
    .addOption(configOption())
    .action(async (address: string, options: ConfigOptions & { readonly yes?: boolean }) => {
      if (options.yes !== true) await confirmRemoval(address, terminal);
      const removed = await withStores(options, ({ accounts }) => accounts.removeMailbox(address));
      terminal.print(`${removed.address} removed.`);
    });
}

async function confirmRemoval(address: string, terminal: Terminal): Promise<void> {
  if (!terminal.interactive)
    throw new CommandFailure(exitCode.usage, 'No terminal to ask whether you are sure: use --yes.');
  const answer = await terminal.ask(`All messages of ${address} will be gone. Write its address to go on`);
  if (answer !== address) throw new CommandFailure(exitCode.no, 'Nothing was removed.');
}
