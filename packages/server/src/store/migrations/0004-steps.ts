// Steps of a job are found without reading those of others, which are most of a log.
export const steps: readonly string[] = [
  "create index events_steps on events (job_id, seq) where kind = 'progress'",
];
