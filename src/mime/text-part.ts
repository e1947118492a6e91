/** The decoded text of a text part, piece by piece, as searching sees it. */
import type { MessagePart } from './message-part.ts';
import { TransferDecoder } from './transfer.ts';

/** `body`: the bytes of the part from `bodyStart` to `bodyEnd`. */
export async function* readText(part: MessagePart, body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const transfer = new TransferDecoder(part.transferEncoding);
  const charset = decoderFor(part.parameters.charset);
  for await (const chunk of body) yield charset.decode(transfer.push(chunk), { stream: true });
  yield charset.decode(transfer.end());
}

/** A charset nobody knows is read as Windows-1252, the superset of Latin-1 mail really uses. */
function decoderFor(charset: string | undefined): TextDecoder {
  try {
    return new TextDecoder(charset ?? 'utf-8');
  } catch {
    return new TextDecoder('windows-1252');
  }
}
