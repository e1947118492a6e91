/** `pec log show`: what the message log says about one message. */
import { Command } from 'commander';
import type { ReadTransaction } from '../db/database.ts';
import { findEvents, type LoggedEvent } from '../message-log/find.ts';
import { configOption } from './config-option.ts';
import { CommandFailure, exitCode } from './exit-code.ts';
import { renderHistory } from './history.ts';
import { jsonOption, type ListOptions } from './options.ts';
import { addSealCommands } from './seal-log.ts';
import { withStores } from './stores.ts';
import type { Terminal } from './terminal.ts';
import { addLogVerification } from './verify-log.ts';

export function buildLogCommand(terminal: Terminal): Command {
  const log = new Command('log').description('the message log (log dei messaggi)');
  log
    .command('show')
    .description('every act about one message, in order')
    .argument(
      '<identifier>',
      "the provider's identificativo, or the Message-ID that the sender's program wrote",
    )
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (identifier: string, options: ListOptions) => {
      const events = await withStores(options, ({ db }) => db.read((tx) => findByIdentifier(tx, identifier)));
      if (events.length === 0)
        throw new CommandFailure(exitCode.no, `The message log knows no message ${identifier}.`);
      terminal.print(options.json === true ? renderJson(events) : renderHistory(events));
    });
  addSealCommands(log, terminal);
  addLogVerification(log, terminal);
  return log;
}

/** People copy identifiers with and without angle brackets, and do not know which of the two they have. */
async function findByIdentifier(tx: ReadTransaction, identifier: string): Promise<readonly LoggedEvent[]> {
  const bare = identifier.trim().replace(/^<(.*)>$/, '$1');
  const events = await findEvents(tx, { identificativo: bare });
  return events.length > 0 ? events : findEvents(tx, { msgid: `<${bare}>` });
}

function renderJson(events: readonly LoggedEvent[]): string {
  return JSON.stringify(
    events.map(({ hash, ...rest }) => ({ ...rest, hash: Buffer.from(hash).toString('hex') })),
    null,
    2,
  );
}
