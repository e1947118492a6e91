/** The load generator as a process of its own: takes one job from its parent, answers, ends. */
import type { Job } from './jobs.ts';
import { runLatency } from './latency.ts';
import { runThroughput } from './throughput.ts';

process.once('message', (job: Job) => {
  const work = job.kind === 'throughput' ? runThroughput(job) : runLatency(job);
  work.then(
    (result) => process.send?.({ result }, () => process.exit(0)),
    (error: Error) => process.send?.({ error: error.message }, () => process.exit(1)),
  );
});
