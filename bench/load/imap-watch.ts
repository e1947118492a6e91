/** One IMAP session on an INBOX: how many messages stand in it, asked or told (RFC 2177). */
import { LineClient } from './line-client.ts';
import type { Account } from './smtp-sender.ts';

interface State {
  tagged: (line: string) => void;
  messages: number;
  grown: () => void;
}

export class ImapWatch {
  readonly #client: LineClient;
  readonly #state: State;
  #tag = 0;

  private constructor(client: LineClient, state: State) {
    this.#client = client;
    this.#state = state;
  }

  static async open(port: number, { address, password }: Account): Promise<ImapWatch> {
    const { promise: greeted, resolve: greet } = Promise.withResolvers<void>();
    const state: State = { tagged: () => undefined, messages: 0, grown: () => undefined };
    const client = await LineClient.open(port, (line) => {
      if (line.startsWith('* OK')) greet();
      const status = /^\* STATUS .*MESSAGES (\d+)|^\* (\d+) EXISTS/.exec(line);
      if (status !== null) {
        state.messages = Number(status[1] ?? status[2]);
        state.grown();
      }
      if (line[0] !== '*' && line[0] !== '+') state.tagged(line);
    });
    await greeted;
    const watch = new ImapWatch(client, state);
    await watch.#ask(`LOGIN "${address}" "${password}"`);
    return watch;
  }

  /** Messages in the INBOX now. */
  async count(): Promise<number> {
    await this.#ask('STATUS INBOX (MESSAGES)');
    return this.#state.messages;
  }

  /** From now on the server tells by itself. Messages in the INBOX at the beginning. */
  async idle(): Promise<number> {
    await this.#ask('SELECT INBOX');
    this.#client.write('idle IDLE\r\n');
    return this.#state.messages;
  }

  /** Resolves when so many messages are known to stand there. Only while idle. */
  reaches(messages: number): Promise<void> {
    if (this.#state.messages >= messages) return Promise.resolve();
    return new Promise((resolve) => {
      this.#state.grown = () => {
        if (this.#state.messages >= messages) resolve();
      };
    });
  }

  close(): void {
    this.#client.end('DONE\r\nbye LOGOUT\r\n');
  }

  #ask(command: string): Promise<void> {
    this.#tag += 1;
    const tag = `a${this.#tag}`;
    return new Promise((resolve, reject) => {
      this.#state.tagged = (line) => {
        if (line.startsWith(`${tag} OK`)) resolve();
        else reject(new Error(`IMAP, to ${command.split(' ')[0]}: ${line}`));
      };
      this.#client.whenLost(reject);
      this.#client.write(`${tag} ${command}\r\n`);
    });
  }
}
