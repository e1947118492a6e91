import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { Output, OutputClosed, type OutputSink } from '../../../src/edge/output.ts';

/** A sink that takes nothing until told. */
class SlowSink extends EventEmitter implements OutputSink {
  readonly writes: string[] = [];
  writableLength = 0;
  writableNeedDrain = false;
  destroyed = false;

  write(bytes: Uint8Array): boolean {
    this.writes.push(Buffer.from(bytes).toString('latin1'));
    this.writableLength += bytes.length;
    this.writableNeedDrain = true;
    return false;
  }

  drain(): void {
    this.writableLength = 0;
    this.writableNeedDrain = false;
    this.emit('drain');
  }
}

describe('output', () => {
  it('gathers small pieces into one write, bytes as they are', () => {
    const sink = new SlowSink();
    const out = new Output(sink);
    out.text('* 1 FETCH (BODY[] {3}\r\n');
    out.bytes(Uint8Array.of(0x61, 0xe8, 0));
    out.line(')');
    assert.deepEqual(sink.writes, []);
    out.flush();
    assert.deepEqual(sink.writes, ['* 1 FETCH (BODY[] {3}\r\na\xe8\0)\r\n']);
  });

  it('waits for a slow reader', async () => {
    const sink = new SlowSink();
    const out = new Output(sink);
    out.line('a');
    let done = false;
    const waiting = out.drained().then(() => {
      done = true;
    });
    await Promise.resolve();
    assert.ok(out.full);
    assert.equal(done, false);
    sink.drain();
    await waiting;
    assert.equal(out.full, false);
  });

  it('ends the wait when the connection goes', async () => {
    const sink = new SlowSink();
    const out = new Output(sink);
    out.line('a');
    const waiting = out.drained();
    sink.destroyed = true;
    sink.emit('close');
    await assert.rejects(waiting, OutputClosed);
    assert.equal(sink.listenerCount('drain') + sink.listenerCount('close'), 0);
  });
});
