/**
 * Speaks clamd's protocol over a Unix socket: VERSION and INSTREAM with its length-framed chunks and its size
 * limit. It "finds" any of the given strings. For real clamd see test/interop.
 */
import net from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { makeFolder } from './folder.ts';

export interface ClamdScript {
  /** String → name of the virus. */
  readonly viruses?: Readonly<Record<string, string>>;
  /** clamd's StreamMaxLength. */
  readonly streamMaxLength?: number;
  readonly version?: string;
  /** Said instead of the verdict. */
  readonly verdict?: string;
  /** Where to listen; a folder of the test's own when absent. */
  readonly path?: string;
  /** What goes wrong with INSTREAM. */
  readonly fault?: 'hang' | 'drop' | 'drop-early' | 'answer-early' | 'endless' | 'stop-reading';
}

export interface ClamdDouble {
  readonly path: string;
  /** Streams received to their end. */
  readonly streams: string[];
  readonly connections: number;
  close(): Promise<void>;
}

/** Ends with the test, if it was not closed before. */
export async function startClamdDouble(t: TestContext, script: ClamdScript = {}): Promise<ClamdDouble> {
  const path = script.path ?? join(makeFolder(t), 'clamd.ctl');
  const streams: string[] = [];
  const sockets = new Set<net.Socket>();
  let connections = 0;
  const server = net.createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    serveClamd(socket, script, streams);
  });
  await new Promise<void>((resolve) => {
    server.listen(path, resolve);
  });
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  };
  t.after(close);
  return {
    path,
    streams,
    get connections() {
      return connections;
    },
    close,
  };
}

function serveClamd(socket: net.Socket, script: ClamdScript, streams: string[]): void {
  let input = Buffer.alloc(0);
  let content: Buffer[] | undefined;
  socket.on('data', (data) => {
    input = Buffer.concat([input, data as Buffer]);
    content ??= takeCommand();
    if (content !== undefined) takeChunks(content);
  });

  /** The stream that begins, once INSTREAM was asked for. */
  function takeCommand(): Buffer[] | undefined {
    const end = input.indexOf(0);
    if (end === -1) return undefined;
    const command = input.toString('latin1', 0, end);
    input = input.subarray(end + 1);
    if (command === 'zINSTREAM') {
      if (script.fault === 'stop-reading') socket.pause();
      if (script.fault === 'answer-early') socket.write('stream: OK\0');
      return [];
    }
    const version = script.version ?? 'ClamAV 1.4.3/27200/Sat Nov 21 09:00:00 2026';
    socket.end(command === 'zVERSION' ? `${version}\0` : 'UNKNOWN COMMAND\0');
    return undefined;
  }

  function takeChunks(chunks: Buffer[]): void {
    while (input.length >= 4) {
      const length = input.readUInt32BE(0);
      if (input.length < 4 + length) return;
      if (length === 0) finish(socket, script, streams, Buffer.concat(chunks));
      chunks.push(input.subarray(4, 4 + length));
      input = input.subarray(4 + length);
      if (script.fault === 'drop-early') socket.destroy();
      const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
      if (size > (script.streamMaxLength ?? Number.POSITIVE_INFINITY))
        socket.end('INSTREAM size limit exceeded. ERROR\0');
    }
  }
}

function finish(socket: net.Socket, script: ClamdScript, streams: string[], bytes: Buffer): void {
  const text = bytes.toString('latin1');
  streams.push(text);
  if (script.fault === 'hang') return;
  if (script.fault === 'drop') {
    socket.destroy();
    return;
  }
  if (script.fault === 'endless') {
    socket.write('x'.repeat(10_000));
    return;
  }
  const found = Object.entries(script.viruses ?? {}).find(([needle]) => text.includes(needle));
  const verdict = script.verdict ?? (found === undefined ? 'stream: OK' : `stream: ${found[1]} FOUND`);
  socket.end(`${verdict}\0`);
}
