/** COMPRESS (RFC 4978). */
import { authenticated, type PlainCommand } from '../command.ts';
import { Refusal } from '../refusal.ts';

export const compress: PlainCommand = {
  name: 'COMPRESS',
  states: authenticated,
  announcing: 'nothing',
  read: (args) => {
    args.space();
    const algorithm = args.keyword();
    args.end();
    return async (session) => {
      if (algorithm !== 'DEFLATE') throw new Refusal('CANNOT', `There is no compression ${algorithm}`);
      if (session.link.compressed) throw new Refusal('COMPRESSIONACTIVE', 'Compression is on already');
      return { text: 'Compression is on from here', after: () => session.link.compress() };
    };
  },
};
