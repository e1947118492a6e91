/** The table of settings in docs/configuration.md, from the schema. */
import { configSchema } from './schema.ts';
import { listSettings, type Setting } from './schema-walk.ts';

const LONGEST_PRESET = 60;

/** Markdown: one table, one row a setting, in the order of the configuration file. */
export function renderSettingsTable(): string {
  const head = ['| setting | values | default | meaning |', '|---|---|---|---|'];
  return [...head, ...[...listSettings(configSchema)].map(renderRow), ''].join('\n');
}

function renderRow({ path, kind, type, preset, required, description }: Setting): string {
  const name = kind === undefined ? `\`${path}\`` : `\`${path}\` (with \`kind\` "${kind}")`;
  return `| ${[name, type, renderPreset(preset, required), description].map(escapeCell).join(' | ')} |`;
}

function renderPreset(preset: unknown, required: boolean): string {
  if (required) return '**must be given**';
  const text = JSON.stringify(preset);
  return text.length > LONGEST_PRESET ? 'see `pec config show`' : `\`${text}\``;
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}
