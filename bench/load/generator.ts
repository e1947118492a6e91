/** Runs one job in a load generator of its own process, so that it shares no thread with what it measures. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Job, JobResult } from './jobs.ts';

type Answer<J extends Job> = { readonly result: JobResult<J> } | { readonly error: string };

/** @throws {Error} when the server refused or lost something. */
export async function runJob<J extends Job>(job: J): Promise<JobResult<J>> {
  const child = fork(join(import.meta.dirname, 'main.ts'), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  child.send(job);
  const gone = once(child, 'disconnect').then(() => ({
    error: 'the load generator ended without an answer',
  }));
  const answered = once(child, 'message').then(([answer]) => answer as Answer<J>);
  const answer = await Promise.race([answered, gone]);
  await gone;
  if ('error' in answer) throw new Error(answer.error);
  return answer.result;
}
