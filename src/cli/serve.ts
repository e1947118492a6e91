/** `pec serve`: the daemon, in the foreground, for systemd and containers. */
import { Command } from 'commander';
import { runProvider } from '../main.ts';
import { checkFiles } from './check-files.ts';
import { type ConfigOptions, configOption, openConfig } from './config-option.ts';
import { CommandFailure, exitCode } from './exit-code.ts';

export function buildServeCommand(): Command {
  return new Command('serve')
    .description(
      'run the provider until SIGTERM or SIGINT; SIGHUP reads keys and certificates again and reopens the log',
    )
    .addOption(configOption())
    .action(async (options: ConfigOptions) => {
      const { file, config } = openConfig(options);
      checkFiles(config, file);
      await runProvider(config).catch(explainStart);
    });
}

/** What keeps a provider from listening is the operator's to mend, not a bug. */
function explainStart(error: unknown): never {
  const { code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  const place = `${address ?? ''} port ${port ?? ''}`;
  if (code === 'EADDRINUSE')
    throw new CommandFailure(
      exitCode.unavailable,
      `${place} is taken by another program; stop it, or change listen in the configuration.`,
      error,
    );
  if (code === 'EACCES' && port !== undefined)
    throw new CommandFailure(
      exitCode.config,
      `${place} may not be used: ports below 1024 need CAP_NET_BIND_SERVICE (see config/systemd).`,
      error,
    );
  if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT')
    throw new CommandFailure(
      exitCode.config,
      `${place}: this machine has no such address; change listen in the configuration.`,
      error,
    );
  throw error;
}
