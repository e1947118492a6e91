/**
 * Clients that submit numbered messages to a provider without pause, through whatever befalls it, and remember what was
 * answered 250; afterwards that is compared with what lies in the mailboxes.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { FaultFigures } from './fault-figures.ts';
import { readImapFolder } from './imap-by-openssl.ts';
import { waitFor } from './run-program.ts';
import { type Account, fieldOf } from './sandbox-process.ts';
import { writeMail } from './scenario-mail.ts';
import { ConnectionLost, SmtpTalker, transact } from './scenario-smtp.ts';

export interface LoadOptions {
  readonly from: Account;
  readonly to: Account;
  readonly clients?: number;
  /** Bytes of the body, about; 500 unless told. */
  readonly bodyBytes?: number;
}

export interface Load {
  /** Messages begun, answered or not. */
  readonly sent: number;
  /** Message-IDs that were answered 250. */
  readonly taken: ReadonlySet<string>;
  /** Replies other than 250, by code. */
  readonly refused: ReadonlyMap<number, number>;
  /** Waits until so many more were answered 250. */
  untilTaken(more: number): Promise<void>;
  /** No new message; resolves when what is under way is answered or lost. */
  stop(): Promise<void>;
}

const pauseMs = 100;

/** Starts the clients; call `stop` whatever happens. */
export function startLoad({ from, to, clients = 4, bodyBytes = 500 }: LoadOptions): Load {
  const taken = new Set<string>();
  const refused = new Map<number, number>();
  const ca = readFileSync(from.ca, 'utf8');
  const line = `${'Buongiorno a tutti. '.repeat(3)}\r\n`;
  const body = line.repeat(Math.ceil(bodyBytes / line.length));
  let stopping = false;
  let number = 0;

  async function session(): Promise<void> {
    const talker = await SmtpTalker.open(from.ports.submissions, ca);
    try {
      await talker.command('EHLO client.test');
      const login = await talker.login(from.address, from.password);
      while (!stopping && login.code === 235) {
        const msgid = `<${++number}.${process.pid}@client.test>`;
        const message = writeMail({ from: from.address, to: [to.address], msgid, body });
        const { code } = await transact(talker, { from: from.address, to: [to.address], message });
        if (code === 250) taken.add(msgid);
        else refused.set(code, (refused.get(code) ?? 0) + 1);
        if (code === 421) return;
        if (code !== 250) await talker.command('RSET');
        if (code !== 250) await delay(pauseMs);
      }
    } finally {
      talker.drop();
    }
  }

  async function client(): Promise<void> {
    while (!stopping) {
      await session().catch((error: unknown) => {
        const { code } = error as NodeJS.ErrnoException;
        if (!(error instanceof ConnectionLost) && code === undefined) throw error;
      });
      if (!stopping) await delay(pauseMs);
    }
  }

  const running = Promise.all(Array.from({ length: clients }, client));
  running.catch(() => undefined); // `stop` tells it
  return {
    get sent() {
      return number;
    },
    taken,
    refused,
    async untilTaken(more) {
      const goal = taken.size + more;
      const reached = () => (taken.size >= goal ? true : undefined);
      const explain = () => `taken ${taken.size}, refused ${JSON.stringify([...refused])}`;
      await waitFor(`${more} more messages taken`, reached, { explain, limitMs: 60_000 });
    },
    async stop() {
      stopping = true;
      await running;
    },
  };
}

/**
 * Waits until every message that was answered 250 has its outcome and checks that each message, answered or not, has
 * all of it once or nothing at all: acceptance and delivery receipt at the sender, envelope at the recipient. What
 * there was, for `noteFault`.
 */
export async function checkOutcomes(messages: Load, from: Account, to: Account): Promise<FaultFigures> {
  const { taken } = messages;
  let seen: ReadonlyMap<string, readonly string[]> = new Map();
  const complete = ['accettazione', 'avvenuta-consegna', 'posta-certificata'];
  const isComplete = (kinds: readonly string[] | undefined) => kinds?.length === complete.length;
  await waitFor(
    'every message has its outcome',
    async () => {
      seen = await readOutcomes(from, to);
      return [...taken, ...seen.keys()].every((msgid) => isComplete(seen.get(msgid))) ? true : undefined;
    },
    { limitMs: 60_000, explain: () => explain(taken, seen) },
  );
  for (const [msgid, kinds] of seen) assert.deepEqual(kinds, complete, msgid);
  const lost = [...taken].filter((msgid) => !isComplete(seen.get(msgid))).length;
  return { sent: messages.sent, taken: taken.size, found: seen.size, lost };
}

/** Message-ID of the user → what there is of it in both mailboxes, sorted. */
async function readOutcomes(from: Account, to: Account): Promise<ReadonlyMap<string, readonly string[]>> {
  const outcomes = new Map<string, string[]>();
  for (const account of [from, to]) {
    const where = { ...account, port: account.ports.imaps, folder: 'INBOX' };
    for (const { bytes } of await readImapFolder(where, 'HEADER')) {
      const msgid = fieldOf(bytes, 'X-Riferimento-Message-ID') ?? 'none';
      const kind = fieldOf(bytes, 'X-Ricevuta') ?? fieldOf(bytes, 'X-Trasporto') ?? 'neither';
      outcomes.set(msgid, [...(outcomes.get(msgid) ?? []), kind].sort());
    }
  }
  return outcomes;
}

function explain(taken: ReadonlySet<string>, seen: ReadonlyMap<string, readonly string[]>): string {
  const odd = [...new Set([...taken, ...seen.keys()])].filter((msgid) => seen.get(msgid)?.length !== 3);
  return odd
    .slice(0, 5)
    .map((msgid) => `${msgid} ${taken.has(msgid) ? '(250)' : '(no answer)'}: ${seen.get(msgid) ?? 'nothing'}`)
    .join('\n');
}
