/** The grammar of NOTIFY (RFC 5465 §8). */
import { Refusal } from '../refusal.ts';
import type { Arguments } from './arguments.ts';
import { type FetchRequest, readFetchItem } from './fetch-items.ts';
import { type FolderFilter, readFolderFilter } from './folder-filter.ts';
import { SyntaxProblem } from './syntax.ts';

/** Events about the selected folder. */
export interface SelectedEvents {
  /** Removed messages are told only when a command allows it. */
  readonly delayed: boolean;
  readonly messages: boolean;
  /** What is told of a new message. */
  readonly items: readonly FetchRequest[];
  readonly flags: boolean;
}

export interface EventGroup {
  readonly filter: FolderFilter;
  readonly events: ReadonlySet<EventName>;
}

export interface NotifyRequest {
  /** The state of the folders is told first. */
  readonly status: boolean;
  /** Undefined: nothing about the selected folder. */
  readonly selected: SelectedEvents | undefined;
  readonly groups: readonly EventGroup[];
  /** Not of NOTIFY: other folders are told of at the end of commands and in IDLE only. */
  readonly withCommands?: boolean;
}

/** What a client is told that enabled METADATA and asked for nothing by NOTIFY (RFC 5464 §4.4.2). */
export const metadataNews: NotifyRequest = {
  status: false,
  selected: { delayed: false, messages: true, items: [], flags: true },
  groups: [{ filter: { kind: 'all' }, events: new Set(['MailboxMetadataChange', 'ServerMetadataChange']) }],
  withCommands: true,
};

const eventNames = [
  'MessageNew',
  'MessageExpunge',
  'FlagChange',
  'MailboxName',
  'SubscriptionChange',
  'MailboxMetadataChange',
  'ServerMetadataChange',
] as const;
export type EventName = (typeof eventNames)[number];
const messageEvents: readonly EventName[] = ['MessageNew', 'MessageExpunge', 'FlagChange'];
const byKey: ReadonlyMap<string, EventName> = new Map(eventNames.map((name) => [name.toUpperCase(), name]));
const mostGroups = 50;

interface Events {
  readonly names: ReadonlySet<EventName>;
  readonly items: readonly FetchRequest[] | undefined;
}

const noEvents: NotifyRequest = { status: false, selected: undefined, groups: [] };

/** @throws {SyntaxProblem}; {@link Refusal} BADEVENT */
export function readNotifyRequest(args: Arguments, readName: () => string): NotifyRequest {
  args.space();
  const verb = args.keyword();
  if (verb === 'NONE') return noEvents;
  if (verb !== 'SET') throw new SyntaxProblem('NOTIFY takes SET or NONE');
  const status = args.tryText(' STATUS');
  let request: NotifyRequest = { ...noEvents, status };
  let count = 0;
  do {
    args.space();
    if (++count > mostGroups) throw new SyntaxProblem(`NOTIFY takes at most ${mostGroups} groups of events`);
    request = addGroup(request, args, readName);
  } while (args.peek() === ' ');
  return request;
}

function addGroup(request: NotifyRequest, args: Arguments, readName: () => string): NotifyRequest {
  args.text('(');
  const kind = args.keyword();
  if (kind === 'SELECTED' || kind === 'SELECTED-DELAYED') {
    const events = readEvents(args);
    args.text(')');
    if (request.selected !== undefined) throw new SyntaxProblem('The selected folder is named once');
    return { ...request, selected: toSelected(events, kind === 'SELECTED-DELAYED') };
  }
  // RFC 7377 §2.2: one level is for searches.
  if (kind === 'SUBTREE-ONE') throw new SyntaxProblem('SUBTREE-ONE is for ESEARCH');
  const filter = readFolderFilter(args, kind, readName);
  const { names, items } = readEvents(args);
  args.text(')');
  // RFC 5465 §8: items of new messages are for the selected folder only.
  if (items !== undefined)
    throw new SyntaxProblem('Items of new messages are told of the selected folder only');
  return { ...request, groups: [...request.groups, { filter, events: names }] };
}

function toSelected({ names, items }: Events, delayed: boolean): SelectedEvents {
  if ([...names].some((name) => !messageEvents.includes(name))) {
    throw new SyntaxProblem('About the selected folder only events of messages are told');
  }
  return { delayed, messages: names.has('MessageNew'), items: items ?? [], flags: names.has('FlagChange') };
}

function readEvents(args: Arguments): Events {
  args.space();
  if (args.match(/NONE(?=\))/iy) !== undefined) return { names: new Set(), items: undefined };
  const names = new Set<EventName>();
  let items: FetchRequest[] | undefined;
  args.list(() => {
    const written = args.atom();
    const name = byKey.get(written.toUpperCase());
    if (name === undefined) {
      throw new Refusal(`BADEVENT (${eventNames.join(' ')})`, `Events ${written} are not known here`);
    }
    names.add(name);
    if (name === 'MessageNew' && args.tryText(' (')) items = readItems(args);
  });
  // RFC 5465 §5
  if (names.has('MessageNew') !== names.has('MessageExpunge')) {
    throw new SyntaxProblem('MessageNew and MessageExpunge go together');
  }
  if (names.has('FlagChange') && !names.has('MessageNew')) {
    throw new SyntaxProblem('FlagChange goes with MessageNew and MessageExpunge');
  }
  return { names, items };
}

function readItems(args: Arguments): FetchRequest[] {
  const items = [readFetchItem(args)];
  while (args.tryText(' ')) items.push(readFetchItem(args));
  args.text(')');
  return items;
}
