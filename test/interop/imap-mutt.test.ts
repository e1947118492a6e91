/** mutt and neomutt, driven by key strokes in a terminal of their own. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openScene, storedFlags, storedMessages } from '../support/imap-interop.ts';
import { readMessage } from '../support/imap-transcript.ts';

for (const program of ['mutt', 'neomutt']) {
  for (const mode of ['imaps', 'imap'] as const) {
    test(`${program} over ${mode === 'imap' ? 'STARTTLS' : 'TLS'}`, async (t) => {
      const { server, home, caFile, user, password, run, write } = await openScene(t, mode);
      const url = `${mode}://localhost:${server.port}`;
      // Copies all messages to a file, flags the first, moves the third, deletes the second, syncs, leaves.
      const keys = [
        '<tag-pattern>~A<enter><tag-prefix><copy-message>tutti.mbox<enter>',
        '<first-entry><untag-pattern>~A<enter><flag-message>',
        '<last-entry><save-message>=Archive<enter>',
        '<jump>2<enter><delete-message>',
        '<sync-mailbox><quit>',
      ].join('');
      const config = write(
        'muttrc',
        `set imap_user="${user}" imap_pass="${password}"
set folder="${url}/" spoolfile="${url}/INBOX" record="" postponed=""
set ssl_force_tls=yes ssl_starttls=yes certificate_file="${caFile}" ssl_ca_certificates_file="${caFile}"
set imap_qresync=yes imap_condstore=yes
set confirmcreate=no confirmappend=no delete=yes quit=yes move=no sort=mailbox-order mbox_type=mbox
set header_cache="${home}/cache"
push "${keys}"
`,
      );
      await run('script', ['-qec', `${program} -F ${config} -f ${url}/INBOX`, '/dev/null']);
      const copied = readFileSync(join(home, 'tutti.mbox'), 'latin1');
      const pec = readMessage('pec.eml').toString('latin1').replaceAll('\r', '');
      assert.ok(copied.includes(pec.slice(pec.indexOf('\n\n'))), 'the signed message was copied unchanged');
      assert.equal(copied.match(/^From /gm)?.length, 3);
      assert.deepEqual(await storedMessages(server, 'INBOX'), [readMessage('note.eml')]);
      assert.match((await storedFlags(server, 'INBOX'))[0] ?? '', /\\Flagged/);
      assert.deepEqual(await storedMessages(server, 'Archive'), [readMessage('html.eml')]);
    });
  }
}
