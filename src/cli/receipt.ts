/** `pec receipt reproduce`: the very bytes of a receipt or notice that was issued, from the message log. */
import { userInfo } from 'node:os';
import { Command, Option } from 'commander';
import { readSegments } from '../blob/read-segments.ts';
import { proveEntry } from '../log-keeping.ts';
import { certificationTypes } from '../pec/wire-names.ts';
import type { ReproducibleKind } from '../points/issued-kinds.ts';
import { type IssuedMessage, ReproductionFailure, reproduceReceipt } from '../points/reproduction.ts';
import { openSigner, openStores } from '../wire.ts';
import { openCommandClock } from './command-clock.ts';
import { type ConfigOptions, configOption, openConfig } from './config-option.ts';
import { CommandFailure, type ExitCode, exitCode } from './exit-code.ts';
import { formatInstant } from './table.ts';
import type { Terminal } from './terminal.ts';

interface ReproduceOptions extends ConfigOptions {
  readonly kind: ReproducibleKind;
  readonly recipient?: string;
  readonly messageId?: string;
  readonly requestedBy?: string;
  readonly attest?: boolean;
}

export function buildReceiptCommand(terminal: Terminal): Command {
  const receipt = new Command('receipt').description('receipts and notices that were issued');
  receipt
    .command('reproduce')
    .description('write a receipt or notice again, byte for byte, to standard output; the request is logged')
    .argument('<identificativo>', "the provider's identifier of the message")
    .addOption(
      new Option('--kind <kind>', 'X-Ricevuta of it, or posta-certificata for the transport envelope')
        .choices(certificationTypes)
        .makeOptionMandatory(),
    )
    .option('--recipient <address>', 'whom it is about, where there are several')
    .option('--message-id <id>', 'its own Message-ID, where nothing else tells it from others')
    .option('--requested-by <who>', 'who asked for it, for the log (else the user of this machine)')
    .option('--attest', 'an attested duplicate, for an original that is there and cannot be read')
    .addOption(configOption())
    .action((identificativo: string, options: ReproduceOptions) =>
      reproduce(terminal, identificativo, options),
    );
  return receipt;
}

async function reproduce(
  terminal: Terminal,
  identificativo: string,
  options: ReproduceOptions,
): Promise<void> {
  const { kind, recipient, messageId, attest } = options;
  const { config } = openConfig(options);
  const { name, domain } = config.provider;
  const clock = openCommandClock(options);
  const stores = await openStores(config, clock);
  try {
    const parts = {
      db: stores.db,
      blobs: stores.blobs,
      node: config.node,
      clock,
      provider: { name, domain, address: `posta-certificata@${domain}` },
      signer: () => openSigner(config),
      prove: (id: string, { node, seq }: { readonly node: string; readonly seq: number }) =>
        proveEntry(config, stores, {
          identificativo: id,
          node,
          seq,
          signer: openSigner(config),
          now: clock(),
        }),
    };
    const reproduced = await reproduceReceipt(parts, {
      identificativo,
      kind,
      requestedBy: options.requestedBy ?? `operator ${userInfo().username}`,
      ...(recipient === undefined ? {} : { recipient }),
      ...(messageId === undefined ? {} : { messageId }),
      ...(attest === undefined ? {} : { attest }),
    });
    for await (const chunk of readSegments(stores.blobs, reproduced.segments))
      await terminal.writeBytes(chunk);
    if (reproduced.form === 'attested')
      terminal.remark(
        'The original is not kept any more, or was not asked for: this is a duplicate attested by the provider.',
      );
  } catch (error) {
    throw error instanceof ReproductionFailure ? explain(error) : error;
  } finally {
    await stores.close();
  }
}

const advice: Readonly<Record<ReproductionFailure['reason'], string>> = {
  unknown: '',
  none: '',
  several: 'Name one with --recipient, or with --message-id:',
  unsigned: '',
  altered: 'pec log verify says which entry; --attest writes an attested duplicate of a delivery receipt.',
  unavailable: '',
};

function explain({ reason, message, candidates }: ReproductionFailure): CommandFailure {
  const told = `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
  const hint = reason === 'none' && candidates.length > 0 ? 'There is:' : advice[reason];
  const lines = [hint === '' ? told : `${told} ${hint}`, ...candidates.map(renderCandidate)];
  const code: ExitCode = exitCode.no;
  return new CommandFailure(code, lines.join('\n'));
}

function renderCandidate({ at, messageId, recipients }: IssuedMessage): string {
  return `  ${formatInstant(at)}  ${messageId}  ${recipients.join(', ')}`;
}
