/** An NTP server on loopback that is as right, as wrong or as silent as the test wants. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { TestContext } from 'node:test';

export interface SntpDouble {
  readonly port: number;
  /** Milliseconds that the server's clock is ahead of this machine's. */
  ahead: number;
  silent: boolean;
  /** Requests so far. */
  readonly asked: number;
  /** Changes the answer before it is sent; may give several packets. */
  spoil: ((answer: Buffer) => Buffer | Buffer[]) | undefined;
}

export async function startSntpDouble(t: Pick<TestContext, 'after'>): Promise<SntpDouble> {
  const socket = createSocket('udp4');
  let asked = 0;
  const double = {
    port: 0,
    ahead: 0,
    silent: false,
    get asked() {
      return asked;
    },
    spoil: undefined as SntpDouble['spoil'],
  };
  socket.on('message', (request, { port, address }) => {
    asked += 1;
    if (double.silent) return;
    const answer = Buffer.alloc(48);
    answer[0] = (4 << 3) | 4;
    answer[1] = 2;
    answer.writeUInt32BE(655, 4); // root delay 10 ms
    answer.writeUInt32BE(66, 8); // root dispersion 1 ms
    request.copy(answer, 24, 40, 48);
    const now = Date.now() + double.ahead;
    writeTimestamp(answer, 32, now);
    writeTimestamp(answer, 40, now);
    const packets = double.spoil?.(answer) ?? answer;
    for (const packet of Array.isArray(packets) ? packets : [packets]) socket.send(packet, port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => socket.close());
  double.port = socket.address().port;
  return double;
}

/** RFC 4330 §3. */
export function writeTimestamp(packet: Buffer, offset: number, at: number): void {
  const seconds = Math.floor(at / 1000) + 2_208_988_800;
  packet.writeUInt32BE(seconds % 2 ** 32, offset);
  packet.writeUInt32BE(Math.floor(((at % 1000) / 1000) * 2 ** 32), offset + 4);
}
