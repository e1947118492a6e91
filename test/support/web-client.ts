/** One HTTPS request, with the authority to believe and nothing decoded. */
import { request } from 'node:https';
import { buffer } from 'node:stream/consumers';

export interface WebQuestion {
  readonly port: number;
  readonly ca: string;
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface WebReply {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly bytes: Buffer;
  readonly text: string;
}

export function askWeb(question: WebQuestion): Promise<WebReply> {
  const { port, ca, path, method = 'GET', headers = {}, body } = question;
  return new Promise((resolve, reject) => {
    const asking = request(
      { host: '127.0.0.1', servername: 'localhost', port, ca, path, method, headers, agent: false },
      async (response) => {
        const bytes = await buffer(response);
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          bytes,
          text: bytes.toString('utf8'),
        });
      },
    );
    asking.on('error', reject);
    asking.end(body);
  });
}
