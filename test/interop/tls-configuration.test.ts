/** TLS as testssl.sh judges it: each edge, implicit and by STARTTLS, with nothing found that is worse than "info". */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runProgram } from '../support/run-program.ts';
import { type Ports, type SandboxProcess, startSandboxProcess } from '../support/sandbox-process.ts';

interface Finding {
  readonly id: string;
  readonly severity: string;
  readonly finding: string;
}

/** What it finds and we cannot mend, each with its reason. */
const explained: Readonly<Record<string, string>> = {
  engine_problem: 'about the openssl of the machine that tests',
  service: 'testssl.sh does not know the protocol behind an implicit TLS port, and says so',
  cert_revocation:
    'the certificate of the sandbox is for this machine only and has no list; an operator brings their own',
  DNS_CAArecord: 'localhost has no CAA record',
  sessionresumption_ticket: 'its openssl gives up on the local authority before it can try',
};

let sandbox: SandboxProcess;
let folder: string;

before(async () => {
  sandbox = await startSandboxProcess();
  folder = mkdtempSync(join(tmpdir(), 'openpec-testssl-'));
});
after(async () => {
  rmSync(folder, { recursive: true, force: true });
  await sandbox.stop();
});

async function judge(port: keyof Ports, starttls?: 'smtp' | 'imap'): Promise<readonly Finding[]> {
  const report = join(folder, `${port}.json`);
  const checks = ['--protocols', '--std', '--server-preference', '--server-defaults', '--vulnerable'];
  const how = ['--quiet', '--color', '0', '--warnings', 'off', '--ip', '127.0.0.1', '--add-ca', sandbox.ca];
  const to = starttls === undefined ? [] : ['--starttls', starttls];
  const target = `localhost:${sandbox.alfa.ports[port]}`;
  const args = [...how, '--jsonfile', report, ...checks, ...to, target];
  const { text } = await runProgram('testssl', args, { limitMs: 240_000, env: { TERM: 'xterm' } });
  assert.match(text, /Done /, text);
  return JSON.parse(readFileSync(report, 'utf8')) as Finding[];
}

for (const [port, starttls] of [['imaps'], ['submission', 'smtp']] as const)
  test(`testssl.sh finds nothing wrong at ${port}`, { timeout: 300_000 }, async () => {
    const findings = await judge(port, starttls);
    const offered = (id: string) => findings.find((each) => each.id === id)?.finding ?? '';
    for (const old of ['SSLv2', 'SSLv3', 'TLS1', 'TLS1_1']) assert.match(offered(old), /^not offered/, old);
    for (const good of ['TLS1_2', 'TLS1_3']) assert.match(offered(good), /^offered/, good);
    const wrong = findings.filter(
      ({ id, severity }) =>
        !['OK', 'INFO', 'DEBUG'].includes(severity) && explained[id.split(' ')[0] ?? ''] === undefined,
    );
    assert.deepEqual(wrong, []);
  });
