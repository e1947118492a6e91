/** A small DNS server (RFC 1035) on loopback: answers MX, A, AAAA and TXT from a table, or fails as told. */
import dgram from 'node:dgram';
import type { AddressInfo } from 'node:net';

export type Zone = Readonly<Record<string, readonly Answer[] | 'NXDOMAIN' | 'SERVFAIL' | 'SILENT'>>;

export type Answer =
  | { readonly type: 'MX'; readonly preference: number; readonly exchange: string }
  | { readonly type: 'A'; readonly address: string }
  | { readonly type: 'AAAA'; readonly address: string }
  | { readonly type: 'TXT'; readonly text: string };

export interface TestDns {
  /** `address:port`, as a resolver setting wants it. */
  readonly server: string;
  close(): Promise<void>;
}

const TYPES = { A: 1, MX: 15, TXT: 16, AAAA: 28 } as const;

export async function startTestDns(zone: Zone): Promise<TestDns> {
  const socket = dgram.createSocket('udp4');
  socket.on('message', (query, from) => {
    const reply = answerQuery(query, zone);
    if (reply !== undefined) socket.send(reply, from.port, from.address);
  });
  await new Promise<void>((resolve) => {
    socket.bind(0, '127.0.0.1', resolve);
  });
  const { port } = socket.address() as AddressInfo;
  return {
    server: `127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        socket.close(resolve);
      }),
  };
}

function answerQuery(query: Buffer, zone: Zone): Buffer | undefined {
  const { name, type, end } = readQuestion(query);
  const entry = zone[name.toLowerCase()] ?? 'NXDOMAIN';
  if (entry === 'SILENT') return undefined;
  const answers = typeof entry === 'string' ? [] : entry.filter((answer) => TYPES[answer.type] === type);
  const code = entry === 'NXDOMAIN' ? 3 : entry === 'SERVFAIL' ? 2 : 0;
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8580 | code, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answers.length, 6);
  return Buffer.concat([header, query.subarray(12, end), ...answers.map(encodeAnswer)]);
}

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length !== 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.'), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function encodeName(name: string): Buffer {
  const labels = name.split('.').filter(Boolean);
  return Buffer.concat([
    ...labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])),
    Buffer.from([0]),
  ]);
}

function encodeAnswer(answer: Answer): Buffer {
  const bytes = encodeBody(answer);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(TYPES[answer.type], 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(60, 6);
  head.writeUInt16BE(bytes.length, 10);
  return Buffer.concat([head, bytes]);
}

function encodeBody(answer: Answer): Buffer {
  if (answer.type === 'A') return Buffer.from(answer.address.split('.').map(Number));
  if (answer.type === 'AAAA') {
    const groups = answer.address.split(':').map((group) => Number.parseInt(group, 16));
    return Buffer.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
  }
  if (answer.type === 'TXT') {
    const strings = answer.text.match(/.{1,250}/g) ?? [];
    return Buffer.concat(strings.flatMap((text) => [Buffer.from([text.length]), Buffer.from(text)]));
  }
  const preference = Buffer.alloc(2);
  preference.writeUInt16BE(answer.preference);
  return Buffer.concat([preference, encodeName(answer.exchange)]);
}
