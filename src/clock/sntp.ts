/** An NTP server asked by SNTP (RFC 4330): one packet there, one back, over UDP. */
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import type { Clock } from '../lib/time.ts';
import { buildSntpRequest, isAnswerTo, readSntpAnswer, SntpError } from './sntp-packet.ts';
import type { TimeReading, TimeSource } from './time-source.ts';

export interface SntpOptions {
  /** Name or address. */
  readonly host: string;
  /** 123 by default. */
  readonly port?: number;
  /** The clock that is compared. */
  readonly clock: Clock;
  /** Longest wait for the answer; 2000 by default. */
  readonly timeoutMs?: number;
}

export function createSntpSource({ host, port = 123, clock, timeoutMs = 2000 }: SntpOptions): TimeSource {
  return {
    name: port === 123 ? host : `${host}:${port}`,
    ask: async () => {
      const { address, family } = await lookup(host);
      const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
      try {
        await connect(socket, port, address);
        return await exchange(socket, clock, timeoutMs);
      } finally {
        socket.close();
      }
    },
  };
}

/** A connected socket takes packets of that address and port only. */
function connect(socket: Socket, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.connect(port, address, resolve);
  });
}

function exchange(socket: Socket, clock: Clock, timeoutMs: number): Promise<TimeReading> {
  const cookie = randomBytes(8);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new SntpError(`no answer within ${timeoutMs} ms`)), timeoutMs);
    const end = (act: () => void) => {
      clearTimeout(timer);
      act();
    };
    const sentAt = clock();
    socket.on('error', (error) => end(() => reject(error)));
    socket.on('message', (packet) => {
      const arrivedAt = clock();
      if (!isAnswerTo(packet, cookie)) return;
      end(() => {
        try {
          resolve(compare(sentAt, readSntpAnswer(packet), arrivedAt));
        } catch (error) {
          reject(error);
        }
      });
    });
    socket.send(buildSntpRequest(cookie), (error) => {
      if (error) end(() => reject(error));
    });
  });
}

/** RFC 4330 §5: offset and round-trip delay from the four times; the way there may be as long as both ways. */
function compare(sentAt: number, answer: ReturnType<typeof readSntpAnswer>, arrivedAt: number): TimeReading {
  const offsetMs = (answer.receivedAt - sentAt + (answer.sentAt - arrivedAt)) / 2;
  const delayMs = Math.max(0, arrivedAt - sentAt - (answer.sentAt - answer.receivedAt));
  return { offsetMs, errorMs: delayMs / 2 + answer.rootErrorMs };
}
