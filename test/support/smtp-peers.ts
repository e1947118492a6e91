/**
 * Servers for the relay to talk to. `startScriptedPeer` answers by a script and keeps every byte it got: for
 * faults and for what is really on the wire. `startRealPeer` is npm's smtp-server as it is: for TLS and for a
 * second opinion on the protocol.
 */
import net from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

export type Answer = string | 'DROP' | 'HANG';

export interface ScriptedSession {
  readonly commands: string[];
  /** Messages as on the wire, dots and all, without the final dot line. */
  readonly wire: string[];
}

export interface ScriptedPeer {
  readonly port: number;
  readonly sessions: ScriptedSession[];
  /** Most sessions open at the same time so far. */
  readonly peak: number;
  /** Closes the sessions that are open. */
  dropAll(): void;
  /** Reads no more of what comes. */
  pauseAll(): void;
  close(): Promise<void>;
}

export interface Script {
  readonly greeting?: Answer;
  readonly offers?: readonly string[];
  /** The answer to a command, `.` being the end of a message; undefined for the usual one. */
  readonly answer?: (
    command: string,
    session: ScriptedSession,
  ) => Answer | undefined | Promise<Answer | undefined>;
  /** Asked at each piece of a message; an answer is sent at once, in the middle of it. */
  readonly inData?: (received: number) => Answer | undefined;
}

const USUAL_OFFERS = ['PIPELINING', 'SIZE 10485760', '8BITMIME', 'ENHANCEDSTATUSCODES'];

export async function startScriptedPeer(script: Script = {}): Promise<ScriptedPeer> {
  const sessions: ScriptedSession[] = [];
  const sockets = new Set<net.Socket>();
  let peak = 0;
  const server = net.createServer((socket) => {
    socket.setNoDelay(true);
    sockets.add(socket);
    peak = Math.max(peak, sockets.size);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    const session: ScriptedSession = { commands: [], wire: [] };
    sessions.push(session);
    new ScriptedConnection(socket, session, script).start();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as net.AddressInfo).port,
    sessions,
    get peak() {
      return peak;
    },
    dropAll: () => destroyAll(sockets),
    pauseAll: () => {
      for (const socket of sockets) socket.pause();
    },
    close: () => {
      destroyAll(sockets);
      return new Promise((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

function destroyAll(sockets: Iterable<net.Socket>): void {
  for (const socket of sockets) socket.destroy();
}

class ScriptedConnection {
  readonly #socket: net.Socket;
  readonly #session: ScriptedSession;
  readonly #script: Script;
  #input = '';
  #inMessage = false;
  #busy = false;

  constructor(socket: net.Socket, session: ScriptedSession, script: Script) {
    this.#socket = socket;
    this.#session = session;
    this.#script = script;
  }

  start(): void {
    this.#say(this.#script.greeting ?? '220 peer.test ESMTP');
    this.#socket.on('data', (data) => {
      this.#input += data.toString('latin1');
      void this.#work();
    });
  }

  async #work(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    while (await this.#step());
    this.#busy = false;
  }

  /** True when something was done and there may be more. */
  async #step(): Promise<boolean> {
    if (!this.#inMessage) {
      const end = this.#input.indexOf('\r\n');
      if (end === -1) return false;
      const command = this.#input.slice(0, end);
      this.#input = this.#input.slice(end + 2);
      return this.#take(command);
    }
    const early = this.#script.inData?.(this.#input.length);
    if (early !== undefined) return this.#say(early);
    const end = `\r\n${this.#input}`.indexOf('\r\n.\r\n');
    if (end === -1) return false;
    this.#session.wire.push(this.#input.slice(0, end));
    this.#input = this.#input.slice(end + 3);
    this.#inMessage = false;
    return this.#take('.');
  }

  async #take(command: string): Promise<boolean> {
    this.#session.commands.push(command);
    const answer = (await this.#script.answer?.(command, this.#session)) ?? this.#usual(command);
    if (command === 'DATA' && answer.startsWith('354')) this.#inMessage = true;
    return this.#say(answer);
  }

  #usual(command: string): Answer {
    const verb = command.split(' ')[0];
    if (verb === 'EHLO') {
      const lines = ['peer.test', ...(this.#script.offers ?? USUAL_OFFERS)];
      return lines.map((line, index) => `250${index < lines.length - 1 ? '-' : ' '}${line}`).join('\r\n');
    }
    if (verb === 'DATA') return '354 go on';
    if (verb === 'STARTTLS') return '502 5.5.1 no such thing';
    if (verb === 'QUIT') return '221 2.0.0 bye';
    return '250 2.0.0 ok';
  }

  #say(answer: Answer): boolean {
    if (answer === 'HANG') return false;
    if (answer === 'DROP') this.#socket.destroy();
    else this.#socket.write(`${answer}\r\n`, 'latin1');
    return answer !== 'DROP';
  }
}

export interface RealPeer {
  readonly port: number;
  readonly messages: { from: string; to: string[]; content: string; secure: boolean }[];
  readonly connections: number;
  close(): Promise<void>;
}

export async function startRealPeer(options: SMTPServerOptions): Promise<RealPeer> {
  const messages: RealPeer['messages'] = [];
  let connections = 0;
  const server = new SMTPServer({
    logger: false,
    disabledCommands: ['AUTH'],
    disableReverseLookup: true,
    onConnect: (_session, done) => {
      connections++;
      done();
    },
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        const from = mailFrom === false ? '' : mailFrom.address;
        const to = rcptTo.map(({ address }) => address);
        messages.push({
          from,
          to,
          content: Buffer.concat(chunks).toString('latin1'),
          secure: session.secure,
        });
        done(null, 'queued');
      });
    },
    ...options,
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve());
  });
  return {
    port: (server.server.address() as net.AddressInfo).port,
    messages,
    get connections() {
      return connections;
    },
    close: () => {
      destroyAll([...server.connections].map((connection) => connection._socket));
      return new Promise((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}
