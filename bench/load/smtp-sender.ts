/** One authenticated submission session, with commands in one packet where the server takes that (RFC 2920). */
import { LineClient } from './line-client.ts';

export interface Account {
  readonly address: string;
  readonly password: string;
}

interface Expected {
  readonly codes: string;
  readonly resolve: (line: string) => void;
  readonly reject: (error: Error) => void;
}

const endOfData = Buffer.from('.\r\n');

export class SmtpSender {
  readonly address: string;
  readonly #client: LineClient;
  readonly #expected: Expected[];

  private constructor(address: string, client: LineClient, expected: Expected[]) {
    this.address = address;
    this.#client = client;
    this.#expected = expected;
  }

  /** Connected, greeted and logged in. */
  static async open(port: number, { address, password }: Account): Promise<SmtpSender> {
    const expected: Expected[] = [];
    const onLine = (line: string) => {
      if (line[3] === '-') return;
      const waiting = expected.shift();
      if (waiting === undefined) return;
      if (waiting.codes.includes(line.slice(0, 3))) waiting.resolve(line);
      else waiting.reject(new Error(`the server answered: ${line}`));
    };
    const client = await LineClient.open(port, onLine);
    client.whenLost((error) => {
      for (const waiting of expected.splice(0)) waiting.reject(error);
    });
    const sender = new SmtpSender(address, client, expected);
    await sender.#expect('220');
    await sender.#ask('EHLO localhost\r\n', '250');
    const proof = Buffer.from(`\0${address}\0${password}`).toString('base64');
    await sender.#ask(`AUTH PLAIN ${proof}\r\n`, '235');
    return sender;
  }

  /**
   * Resolves when the 250 to the final dot is there, with the instant (`performance.now()`) at which that dot was
   * written. `message` ends in CRLF and begins no line with a dot.
   */
  async send(recipients: readonly string[], message: Uint8Array): Promise<number> {
    const paths = recipients.map((recipient) => `RCPT TO:<${recipient}>\r\n`).join('');
    const answers = ['MAIL', ...recipients].map(() => this.#expect('250'));
    const data = this.#expect('354');
    this.#client.write(`MAIL FROM:<${this.address}> SIZE=${message.length}\r\n${paths}DATA\r\n`);
    await Promise.all([...answers, data]);
    const done = this.#expect('250');
    if (message.length > 65_536) {
      this.#client.write(message);
      this.#client.write(endOfData);
    } else this.#client.write(Buffer.concat([message, endOfData]));
    const dot = performance.now();
    await done;
    return dot;
  }

  quit(): void {
    this.#client.end('QUIT\r\n');
  }

  #ask(text: string, codes: string): Promise<string> {
    const answer = this.#expect(codes);
    this.#client.write(text);
    return answer;
  }

  #expect(codes: string): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    promise.catch(() => undefined); // somebody awaits one of several
    this.#expected.push({ codes, resolve, reject });
    return promise;
  }
}
