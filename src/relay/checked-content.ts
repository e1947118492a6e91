/**
 * The last look at a message's bytes before nodemailer has them. Its DATA stream turns a bare CR or LF into CRLF
 * (smtp-connection/data-stream.js); that would change signed bytes, so no such byte reaches it. All it then adds is
 * the dots of RFC 5321 §4.5.2, and a CRLF before the final dot if the content does not end in one, without which
 * SMTP cannot carry it.
 */
import { LineGate } from '../mime/canonical.ts';
import { failureOf, type Verdict } from './replies.ts';

export interface SizedContent {
  readonly size: number;
  readonly content: AsyncIterable<Uint8Array>;
}

/** Our own content is at fault, not the peer. */
export class ContentError extends Error {
  readonly verdict: Verdict;

  constructor(verdict: Verdict, cause?: unknown) {
    super(verdict.text, { cause });
    this.name = 'ContentError';
    this.verdict = verdict;
  }
}

/**
 * The content as nodemailer may have it: no bare CR or LF that it would change, no NUL, and all of it, because
 * an early end would hand over half a message as a whole one.
 */
export async function* checkedContent(
  message: SizedContent,
  progress: () => void,
): AsyncGenerator<Uint8Array> {
  const gate = new LineGate();
  const iterator = message.content[Symbol.asyncIterator]();
  try {
    while (true) {
      const next = await iterator.next().catch((cause: unknown) => {
        throw new ContentError(
          failureOf('temporary', '4.3.0', 'The stored message cannot be read now'),
          cause,
        );
      });
      if (next.done) break;
      if (gate.push(next.value) !== undefined) throw unsendable(gate);
      progress();
      yield next.value;
    }
    if (gate.end() !== undefined) throw unsendable(gate);
    if (gate.size !== message.size)
      throw new ContentError(
        failureOf('temporary', '4.3.0', 'The stored message is not as long as it should be'),
      );
  } finally {
    await iterator.return?.();
  }
}

function unsendable(gate: LineGate): ContentError {
  const { kind, offset } = gate.problem ?? { kind: 'bare-cr', offset: 0 };
  const text = `The message holds a ${kind} at byte ${offset}; SMTP cannot carry it unchanged`;
  return new ContentError(failureOf('permanent', '5.6.0', text));
}
