import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '../../../src/telemetry/log.ts';
import { createPop3Log } from '../../../src/telemetry/pop3-log.ts';
import { createSessionLog } from '../../../src/telemetry/session-log.ts';
import { createSmtpLog } from '../../../src/telemetry/smtp-log.ts';

function openLog() {
  const lines: Record<string, unknown>[] = [];
  const destination = {
    write: (text: string) => void lines.push(JSON.parse(text) as Record<string, unknown>),
  };
  const log = createLog({ level: 'debug', destination });
  return { lines, log, counted: (line: RegExp) => assert.match(log.metrics.render(), line) };
}

const session = { edge: 'submission', session: 's1', address: '192.0.2.1' } as const;
const connection = { connection: 'c1', address: '192.0.2.1' };

test('SMTP sessions open now are those connected and not yet closed', () => {
  const { log, counted } = openLog();
  const tell = createSmtpLog(log);
  tell({ ...session, event: 'connected' });
  tell({ ...session, event: 'connected' });
  tell({ ...session, event: 'closed' });
  counted(/^pec_sessions_open\{protocol="submission"\} 1$/m);
  counted(/^pec_sessions_total\{protocol="submission"\} 2$/m);
});

test('an SMTP refusal keeps its cause inside, under err', () => {
  const { log, lines, counted } = openLog();
  const cause = new Error('disk full');
  createSmtpLog(log)({
    ...session,
    event: 'refused',
    at: 'DATA',
    code: 452,
    enhanced: '4.3.1',
    text: 'Later',
    cause,
  });
  assert.partialDeepStrictEqual(lines, [
    { event: 'refused', code: 452, level: 'info', err: { message: 'disk full' } },
  ]);
  counted(/^pec_refusals_total\{protocol="submission",at="DATA",code="452"\} 1$/m);
});

test('failed logins are warnings, counted by reason', () => {
  const { log, lines, counted } = openLog();
  createSmtpLog(log)({ ...session, event: 'login-failed', login: 'x', reason: 'locked' });
  createSessionLog(log, 'imaps').loginFailed({
    ...connection,
    login: 'x',
    mechanism: 'PLAIN',
    reason: 'credentials',
  });
  assert.deepEqual(
    lines.map(({ level }) => level),
    ['warn', 'warn'],
  );
  counted(/^pec_logins_total\{protocol="submission",result="locked"\} 1$/m);
  counted(/^pec_logins_total\{protocol="imaps",result="credentials"\} 1$/m);
});

test('a bug in an edge is an error with its stack, counted as failure', () => {
  const { log, lines, counted } = openLog();
  createSmtpLog(log)({ ...session, event: 'fault', id: 'abc', error: new Error('bug') });
  createSessionLog(log, 'imap').bug({ ...connection, id: 'abc', command: 'FETCH', error: new Error('bug') });
  assert.partialDeepStrictEqual(lines, [
    { level: 'error', id: 'abc', err: { message: 'bug' } },
    { level: 'error', id: 'abc', command: 'FETCH', err: { message: 'bug' } },
  ]);
  counted(/^pec_failures_total\{where="imap"\} 1$/m);
});

test('a POP3 session is counted from its beginning to its end, with what it deleted', () => {
  const { log, lines, counted } = openLog();
  const tell = createPop3Log(log, 'pop3s');
  tell.connected({ ...connection, implicitTls: true });
  counted(/^pec_sessions_open\{protocol="pop3s"\} 1$/m);
  tell.loginFailed({ ...connection, login: 'x', mechanism: 'USER', reason: 'locked' });
  tell.loggedIn({ ...connection, login: 'x', mechanism: 'SCRAM-SHA-256' });
  tell.updated({ ...connection, login: 'x', deleted: 2 });
  tell.closed({ ...connection, login: 'x', reason: 'quit', commands: 5, retrieved: 2, bytesOut: 9 });
  counted(/^pec_sessions_open\{protocol="pop3s"\} 0$/m);
  counted(/^pec_logins_total\{protocol="pop3s",result="locked"\} 1$/m);
  counted(/^pec_logins_total\{protocol="pop3s",result="ok"\} 1$/m);
  assert.deepEqual(
    lines.map(({ level, event, deleted }) => [level, event, deleted]),
    [
      ['debug', 'connected', undefined],
      ['warn', 'login-failed', undefined],
      ['info', 'login', undefined],
      ['info', 'maildrop-updated', 2],
      ['debug', 'closed', undefined],
    ],
  );
});
