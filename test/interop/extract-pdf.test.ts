/** The extract of the log as PDF and as .p7m, before programs that know nothing of this project. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildDeliveries, makeProviderFolder } from '../support/provider-folder.ts';

test('qpdf finds no fault, pdftotext reads it, openssl verifies the signed one', async () => {
  const provider = await makeProviderFolder();
  try {
    await provider.append(buildDeliveries(60));
    const out = join(provider.folder, 'estratto.pdf');
    const ran = await provider.pec('log', 'extract', '--recipient', 'anna@prova.test', '--out', out);
    assert.equal(ran.code, 0, ran.remarks);
    assert.match(execFileSync('qpdf', ['--check', out]).toString(), /No syntax or stream encoding errors/);
    const text = execFileSync('pdftotext', ['-layout', out, '-']).toString();
    const pages = text.split('\f').filter((page) => page.trim() !== '');
    assert.ok(pages.length > 5);
    for (const [index, page] of pages.entries())
      assert.match(page, new RegExp(`Pagina ${index + 1} +di ${pages.length}\\b`));
    assert.match(text, /20\/11\/2026 10:00:00 \(\+0100\) +AVVENUTA CONSEGNA/);
    assert.match(text, /Perché no \(59\)/);
    const anchors = provider.config.trust.anchors.flatMap((file) => ['-CAfile', file]);
    const verify = ['cms', '-verify', '-inform', 'DER', '-in', `${out}.p7m`, '-purpose', 'any', ...anchors];
    assert.deepEqual(execFileSync('openssl', [...verify, '-binary'], { stdio: 'pipe' }), readFileSync(out));
  } finally {
    provider.remove();
  }
});
