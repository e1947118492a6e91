import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Command } from 'commander';
import { buildProgram } from '../../../src/cli/run.ts';
import { createTerminal } from '../../../src/cli/terminal.ts';

const file = join(import.meta.dirname, '../../../docs/commands.md');
const table = /(?<=<!-- commands -->\n)[\s\S]*(?=<!-- end of commands -->)/;

/** The commands that do something, each with the words that lead to it. */
function listCommands(command: Command, path: string): readonly (readonly [string, Command])[] {
  if (command.commands.length === 0) return [[path, command]];
  return command.commands.flatMap((inner) => listCommands(inner, `${path} ${inner.name()}`));
}

function renderRow([path, command]: readonly [string, Command]): string {
  const names = command.registeredArguments.map((argument) => {
    const name = `${argument.name().toUpperCase()}${argument.variadic ? '…' : ''}`;
    return argument.required ? ` ${name}` : ` [${name}]`;
  });
  return `| \`${path}${names.join('')}\` | ${command.description().replaceAll('|', '\\|')} |`;
}

test('docs/commands.md lists every command as the program has it', () => {
  const rows = listCommands(buildProgram(createTerminal()), 'pec').map(renderRow);
  const text = readFileSync(file, 'utf8');
  const current = text.replace(table, () => ['\n| command | does |', '|---|---|', ...rows, '\n'].join('\n'));
  if (process.argv.includes('--update')) writeFileSync(file, current);
  else assert.ok(text === current, `run: node ${import.meta.filename} --update`);
});
