/** An extract as JSON (RFC 8259), one entry a line; every value exactly as the log has it. */
import { fromUtf8 } from '../../lib/bytes.ts';
import type { WriteExtract } from './frame.ts';
import { describeSearch, writeLegalTime } from './frame.ts';

export const writeJson: WriteExtract = async function* ({ provider, at, search }, entries) {
  const head = {
    documento: 'estratto del log dei messaggi',
    gestore: provider,
    redatto: writeLegalTime(at),
    ambito: Object.fromEntries(describeSearch(search)),
  };
  yield fromUtf8(`${JSON.stringify(head, null, 1).replace(/\n\}$/, '')},\n "registrazioni": [`);
  let count = 0;
  for await (const entry of entries)
    yield fromUtf8(`${count++ === 0 ? '' : ','}\n  ${JSON.stringify(entry)}`);
  yield fromUtf8(`\n ],\n "totale": ${count}\n}\n`);
};
