/** `pec proof make|check`: what the message log proves about a message, for anybody, without the provider. */
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { proveMessage } from '../log-keeping.ts';
import { findEvents, type LoggedEvent } from '../message-log/find.ts';
import { type ProvedMessage, signBundle } from '../message-log/proof/bundle.ts';
import { checkProof, type ProofVerdict } from '../message-log/proof/check-proof.ts';
import { identifyMessage, type MessageIdentity } from '../message-log/proof/identify-message.ts';
import { NoProof } from '../message-log/proof/make-proof.ts';
import { openSigner, type Stores } from '../wire.ts';
import { openCommandClock } from './command-clock.ts';
import { type ConfigOptions, configOption, openConfig } from './config-option.ts';
import { CommandFailure, exitCode } from './exit-code.ts';
import { type AnchorOptions, loadLogTrust } from './log-trust.ts';
import { writeNewFiles } from './new-files.ts';
import { jsonOption } from './options.ts';
import { withStores } from './stores.ts';
import { formatInstant } from './table.ts';
import type { Terminal } from './terminal.ts';

interface MakeOptions extends ConfigOptions {
  readonly out: string;
  readonly withIndex?: boolean;
}

interface CheckOptions extends AnchorOptions {
  readonly message?: string;
  readonly json?: boolean;
}

export function buildProofCommand(terminal: Terminal): Command {
  const proof = new Command('proof').description(
    'what the message log proves about a message, for anybody to check',
  );
  proof
    .command('make')
    .description(
      'write a bundle: entries, paths, time stamps, certificates; docs/proof.md says how it is checked',
    )
    .argument(
      '<message>',
      "the provider's identificativo, a Message-ID, or a file (.eml) with the message or a receipt",
    )
    .requiredOption('--out <file>', 'where the bundle is written')
    .option('--with-index', 'put the whole signed provider index of the day into it, not only our record')
    .addOption(configOption())
    .action((message: string, options: MakeOptions) => make(terminal, message, options));
  proof
    .command('check')
    .description('check a bundle, offline: certificates of the authorities to believe are all that is needed')
    .argument('<bundle>', 'the file')
    .option(
      '--anchors <file...>',
      "certificates (PEM) of the authorities to believe (else the configuration's)",
    )
    .option('--message <file>', 'that the bundle is about this very message (.eml)')
    .addOption(jsonOption())
    .addOption(configOption())
    .action((bundle: string, options: CheckOptions) => check(terminal, bundle, options));
  return proof;
}

async function make(terminal: Terminal, message: string, options: MakeOptions): Promise<void> {
  const { config } = openConfig(options);
  const now = openCommandClock(options)();
  const bundle = await withStores(options, async (stores) => {
    const { events, proved } = await findMessage(stores, message);
    const identificativo = events[0]?.event.facts.identificativo;
    if (identificativo === undefined)
      throw new CommandFailure(exitCode.no, `The message log knows no message ${message}.`);
    const wanted = { identificativo, message: proved, withIndex: options.withIndex === true, now };
    return proveMessage(config, stores, wanted).catch(explain);
  });
  const text = await signBundle(bundle, openSigner(config), now);
  writeNewFiles([{ file: resolve(options.out), content: text, mode: 0o644 }]);
  const count = bundle.segments.reduce((sum, { entries }) => sum + entries.length, 0);
  terminal.print(`${options.out}: ${count} entries about ${bundle.identificativo}.`);
  if (bundle.unsealed > 0)
    terminal.remark(
      `${bundle.unsealed} more are not sealed yet: make it again tomorrow, or run pec log seal.`,
    );
}

function explain(error: unknown): never {
  throw error instanceof NoProof ? new CommandFailure(exitCode.no, error.message) : error;
}

interface FoundMessage {
  readonly events: readonly LoggedEvent[];
  readonly proved: ProvedMessage | null;
}

async function findMessage({ db }: Stores, message: string): Promise<FoundMessage> {
  const file = readIfFile(message);
  const identity = file === undefined ? undefined : identifyMessage(file);
  for (const identifier of identity?.identifiers ?? [message.trim().replace(/^<(.*)>$/, '$1')]) {
    const events = await db.read(async (tx) => {
      const found = await findEvents(tx, { identificativo: identifier });
      return found.length > 0 ? found : findEvents(tx, { msgid: `<${identifier}>` });
    });
    const names = new Set(events.map(({ event }) => event.facts.identificativo));
    if (names.size > 1)
      throw new CommandFailure(
        exitCode.no,
        `Several messages have this Message-ID; name one: ${[...names].join(' ')}`,
      );
    if (events.length > 0)
      return { events, proved: identity === undefined ? null : matchMessage(identity, events) };
  }
  return { events: [], proved: null };
}

/** What ties the very bytes in hand to the log; null when they are of another provider, or were altered. */
function matchMessage(
  { messageId, signature, sha256 }: MessageIdentity,
  events: readonly LoggedEvent[],
): ProvedMessage | null {
  for (const { event } of events) {
    if (event.type === 'accepted' && event.originalSha256 === sha256) return { kind: 'submitted', sha256 };
    const written = event.generated.find(
      (each) => each.messageId === messageId && each.signature?.value === signature,
    );
    if (written?.signature !== undefined)
      return { kind: 'issued', messageId: written.messageId, signature: written.signature.value };
  }
  return null;
}

async function check(terminal: Terminal, bundle: string, options: CheckOptions): Promise<void> {
  const { trust } = loadLogTrust(options);
  const verdict = checkProof(readGivenFile(bundle), trust, openCommandClock(options)());
  const objection = options.message === undefined ? undefined : objectTo(options.message, verdict);
  const ok = verdict.ok && objection === undefined;
  const problems = [...verdict.problems, ...(objection === undefined ? [] : [objection])];
  if (options.json === true) terminal.print(JSON.stringify({ ...verdict, ok, problems }, null, 2));
  else terminal.print(renderVerdict(verdict, problems));
  if (!ok) throw new CommandFailure(exitCode.no, '');
}

/** Why the bundle is not about the message in the file; undefined when it is. */
function objectTo(file: string, { message }: ProofVerdict): string | undefined {
  const { messageId, signature, sha256 } = identifyMessage(readGivenFile(file));
  const isIt =
    message?.kind === 'issued'
      ? message.messageId === messageId && message.signature === signature
      : message?.kind === 'submitted' && message.sha256 === sha256;
  return isIt ? undefined : `the bundle is not about the message in ${file}`;
}

function renderVerdict(verdict: ProofVerdict, problems: readonly string[]): string {
  const { provider, identificativo, entries, stamps, unsealed, message } = verdict;
  const lines = [`provider    ${provider ?? '?'}`, `message     ${identificativo ?? '?'}`];
  const facts = entries[0]?.event.facts;
  if (facts !== undefined)
    lines.push(
      `from        ${facts.sender}`,
      `to          ${facts.recipients.map(({ address }) => address).join(', ')}`,
      `subject     ${facts.subject.replace(/\p{Cc}/gu, ' ')}`,
    );
  for (const { node, seq, event } of entries)
    lines.push(`${formatInstant(event.at)}  ${event.type.padEnd(22)} entry ${node}/${seq}`);
  for (const { segment, authority, time } of stamps)
    lines.push(`${formatInstant(time)}  time stamp of ${authority} over segment ${segment}`);
  if (message?.kind === 'issued')
    lines.push(`It is about ${message.messageId}, which this provider wrote and signed.`);
  if (message?.kind === 'submitted') lines.push(`It is about the original with SHA-256 ${message.sha256}.`);
  if (unsealed > 0) lines.push(`${unsealed} later entries were not sealed when it was made.`);
  if (problems.length === 0) return [...lines, 'The proof holds.'].join('\n');
  const objections = problems.map((problem) => `WRONG  ${problem}`);
  // What a bundle says that does not hold is not shown as if it were known.
  return [...objections, 'The proof does not hold.'].join('\n');
}

function readIfFile(text: string): Buffer | undefined {
  return statSync(text, { throwIfNoEntry: false })?.isFile() === true ? readFileSync(text) : undefined;
}

function readGivenFile(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CommandFailure(exitCode.usage, `The file ${file} cannot be read.`, error);
  }
}
