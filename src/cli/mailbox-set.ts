/** `pec mailbox set`. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { MailboxSettings } from '../accounts/mailboxes.ts';
import { optionalCapabilities as imapCapabilities } from '../imap/capabilities.ts';
import { inbox, parseNewFolderName } from '../mailbox/folder-name.ts';
import { StoreError } from '../mailbox/store-error.ts';
import { optionalCapabilities as pop3Capabilities } from '../pop3/capabilities.ts';
import { parseByteCount } from './byte-count.ts';
import { type ConfigOptions, configOption } from './config-option.ts';
import { CommandFailure, exitCode } from './exit-code.ts';
import { renderMailboxes } from './mailbox-list.ts';
import { type OrdinaryMailChoice, orDefault, ordinaryMailOption, orNull, parseCount } from './options.ts';
import { withStores } from './stores.ts';
import type { Terminal } from './terminal.ts';

interface SetOptions extends ConfigOptions {
  readonly quota?: number;
  readonly name?: string;
  readonly ordinaryMail?: OrdinaryMailChoice;
  readonly forwardTo?: string;
  readonly blockSending?: string;
  readonly allowSending?: boolean;
  readonly perHour?: number | 'default';
  readonly perDay?: number | 'default';
  readonly sender?: readonly string[];
  /** False: none. */
  readonly receiptsFolder?: string | false;
  readonly sentCopy?: 'yes' | 'no';
  readonly withoutCapability?: readonly string[];
}

export function addMailboxSetCommand(mailbox: Command, terminal: Terminal): void {
  mailbox
    .command('set <address>')
    .description('change a mailbox; what is not named stays as it is')
    .option('--quota <size>', 'its size, e.g. 2G', parseByteCount)
    .option('--name <text>', 'name of its holder')
    .addOption(ordinaryMailOption())
    .option('--forward-to <address>', 'where ordinary mail goes with --ordinary-mail forward')
    .addOption(
      new Option('--block-sending <reason>', 'it may no longer send; it goes on receiving').conflicts(
        'allowSending',
      ),
    )
    .option('--allow-sending', 'it may send again')
    .option(
      '--per-hour <number|default>',
      'most recipients it may write to in an hour',
      orDefault(parseCount),
    )
    .option('--per-day <number|default>', 'most recipients it may write to in a day', orDefault(parseCount))
    .option('--sender <address...>', 'all further addresses it may write as ("" for none)')
    .option(
      '--receipts-folder <folder>',
      'where its receipts go, e.g. Ricevute; notices stay in the inbox',
      parseFolder,
    )
    .option('--no-receipts-folder', 'its receipts go to the inbox')
    .addOption(
      new Option(
        '--sent-copy <yes|no>',
        'put what it sends into its folder for sent mail, for programs that do not',
      ).choices(['yes', 'no']),
    )
    .option(
      '--without-capability <names>',
      'all capabilities of IMAP and POP3 not to offer it, for programs that trip on them, e.g. CONDSTORE,QRESYNC ("" for none)',
      parseCapabilities,
    )
    .addOption(configOption())
    .action(async (address: string, options: SetOptions) => {
      const settings = toSettings(options);
      if (Object.keys(settings).length === 0)
        throw new CommandFailure(
          exitCode.usage,
          'Nothing to change; pec mailbox set --help shows what can be.',
        );
      const changed = await withStores(options, ({ accounts }) => accounts.setMailbox(address, settings));
      terminal.print(renderMailboxes([changed]));
      const { withoutCapabilities: without } = changed;
      if (without.length > 0) terminal.remark(`Not offered to it after the login: ${without.join(', ')}`);
    });
}

/** @throws {InvalidArgumentError} */
function parseCapabilities(text: string): string[] {
  const known = [...new Set([...imapCapabilities(), ...pop3Capabilities()])];
  const names = text
    .split(',')
    .map((name) => name.trim().toUpperCase())
    .filter((name) => name !== '');
  const wrong = names.find((name) => !known.some((each) => each.toUpperCase() === name));
  if (wrong === undefined) return names;
  throw new InvalidArgumentError(`There is no ${wrong} to leave out; there are ${known.sort().join(', ')}.`);
}

/** A trailing slash is as people write a folder. @throws {InvalidArgumentError} */
function parseFolder(text: string): string {
  try {
    const name = parseNewFolderName(text.replace(/\/$/, ''));
    if (name === inbox) throw new InvalidArgumentError('Receipts go to the inbox with --no-receipts-folder.');
    return name;
  } catch (error) {
    if (error instanceof StoreError) throw new InvalidArgumentError(`${error.publicText}.`);
    throw error;
  }
}

function toSettings(options: SetOptions): MailboxSettings {
  const { quota, name, ordinaryMail, forwardTo, perHour, perDay, sender, receiptsFolder, sentCopy } = options;
  return {
    ...(quota === undefined ? {} : { quotaBytes: quota }),
    ...(name === undefined ? {} : { displayName: name }),
    ...(ordinaryMail === undefined ? {} : { ordinaryMail: orNull(ordinaryMail) }),
    ...(forwardTo === undefined ? {} : { forwardTo }),
    ...(options.blockSending === undefined ? {} : { sendingBlocked: { reason: options.blockSending } }),
    ...(options.allowSending === true ? { sendingBlocked: null } : {}),
    ...(perHour === undefined ? {} : { recipientsPerHour: orNull(perHour) }),
    ...(perDay === undefined ? {} : { recipientsPerDay: orNull(perDay) }),
    ...(receiptsFolder === undefined
      ? {}
      : { receiptsFolder: receiptsFolder === false ? null : receiptsFolder }),
    ...(sentCopy === undefined ? {} : { sentCopy: sentCopy === 'yes' }),
    ...(options.withoutCapability === undefined ? {} : { withoutCapabilities: options.withoutCapability }),
    ...(sender === undefined ? {} : { senders: sender.filter((address) => address !== '') }),
  };
}
