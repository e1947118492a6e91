/** `pec verify FILE.eml`: is it certified mail, who certified it, and what exactly. For holders and clerks, in Italian. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { describeMessage, type MessageReport } from '../points/message-report.ts';
import { formatReport } from '../points/message-report-text.ts';
import { archivePolicy } from '../smime/trust.ts';
import { openCommandClock } from './command-clock.ts';
import { configOption } from './config-option.ts';
import { CommandFailure, type ExitCode, exitCode } from './exit-code.ts';
import { jsonOption } from './options.ts';
import type { Terminal } from './terminal.ts';
import { loadVerificationTrust, type TrustOptions } from './verification-trust.ts';

interface VerifyOptions extends TrustOptions {
  readonly json?: boolean;
}

/** Only what is proved is a yes; without an index nobody can tell. */
const CONCLUSION_CODES: Readonly<Record<MessageReport['conclusion'], ExitCode>> = {
  certified: exitCode.ok,
  invalid: exitCode.no,
  ordinary: exitCode.no,
  unproved: exitCode.unavailable,
};

export function buildVerifyCommand(terminal: Terminal): Command {
  return new Command('verify')
    .description(
      'check a certified message: signature, chain, certification data, kind (the answer is in Italian)',
    )
    .argument('<file>', 'the message, as a mail program saves it (.eml)')
    .option(
      '--trust <file...>',
      "certificates (PEM) of the authorities to believe (else the configuration's)",
    )
    .option('--index <file>', "provider index, LDIF or .ldif.p7m (else the configuration's)")
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (file: string, options: VerifyOptions) => {
      const message = readMessage(file);
      const { trust, index } = await loadVerificationTrust(options);
      const report = describeMessage({
        message,
        trust,
        index,
        policy: archivePolicy,
        now: openCommandClock(options)(),
      });
      terminal.print(
        options.json === true ? JSON.stringify(report, null, 2) : formatReport(report).join('\n'),
      );
      const code = CONCLUSION_CODES[report.conclusion];
      if (code !== exitCode.ok) throw new CommandFailure(code, '');
    });
}

function readMessage(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CommandFailure(exitCode.usage, `Il file ${file} non si può leggere.`, error);
  }
}
