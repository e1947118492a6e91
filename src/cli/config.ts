/** `pec config check` and `pec config show`. */
import { Command } from 'commander';
import { selectChanged } from '../config/load.ts';
import { checkFiles } from './check-files.ts';
import { type ConfigOptions, configOption, openConfig } from './config-option.ts';
import type { Terminal } from './terminal.ts';

export function buildConfigCommand(terminal: Terminal): Command {
  const config = new Command('config').description('check or show the configuration');
  config
    .command('check')
    .description('say everything that is wrong with the configuration and the files it names')
    .addOption(configOption())
    .action((options: ConfigOptions) => {
      const { file, config: settings } = openConfig(options);
      checkFiles(settings, file);
      terminal.print(`${file} is good.`);
    });
  config
    .command('show')
    .description('print the configuration in force, as JSON; secrets are never part of it')
    .option('--changed', 'only what differs from the defaults')
    .addOption(configOption())
    .action((options: ConfigOptions & { readonly changed?: boolean }) => {
      const { file, config: settings } = openConfig(options);
      const shown = options.changed === true ? selectChanged(settings, file) : settings;
      terminal.print(JSON.stringify(shown, null, 2));
    });
  return config;
}
