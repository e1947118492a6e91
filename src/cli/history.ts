/** The acts about messages as a person reads them: who wrote what to whom, then one line an act. */
import type { LoggedEvent } from '../message-log/find.ts';
import type { LogEvent } from '../pec/events.ts';
import { formatInstant, showOneLine } from './table.ts';

/** One block for each message, in the order of their first act. */
export function renderHistory(events: readonly LoggedEvent[]): string {
  const messages = Map.groupBy(events, ({ event }) => event.facts.identificativo);
  return [...messages.values()].map((acts) => renderMessage(acts.map(({ event }) => event))).join('\n\n');
}

function renderMessage(acts: readonly LogEvent[]): string {
  const facts = acts[0]?.facts;
  if (facts === undefined) return '';
  const recipients = facts.recipients.map(
    ({ address, certified }) => `${address} (${certified ? 'certified' : 'ordinary'})`,
  );
  const head = [
    `message     ${facts.identificativo}`,
    `msgid       ${facts.msgid ?? '(the sender wrote none)'}`,
    `from        ${facts.sender}`,
    `to          ${recipients.join('\n            ')}`,
    `subject     ${showOneLine(facts.subject)}`,
    '',
  ];
  return [...head, ...acts.flatMap(renderAct)].join('\n');
}

function renderAct(act: LogEvent): string[] {
  const { at, type, facts: _facts, sendingProvider: _provider, generated, ...details } = act;
  const told = Object.entries(details).map(([name, value]) => `${name} ${showValue(value)}`);
  return [
    `${formatInstant(at)}  ${type.padEnd(22)}${told.join(', ')}`.trimEnd(),
    ...generated.map(({ kind, messageId }) => `${' '.repeat(21)}  wrote ${kind} ${messageId}`),
  ];
}

function showValue(value: unknown): string {
  if (Array.isArray(value)) return value.map(showValue).join(' ');
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : showOneLine(String(value));
}
