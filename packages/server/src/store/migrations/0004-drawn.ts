// What pages draw is found without reading the rest of the log: steps of a job, and what was said of prices and carbon.
export const drawn: readonly string[] = [
  "create index events_steps on events (job_id, seq) where kind = 'progress'",
  `create index events_figures on events (seq)
     where kind in ('price-changed', 'price-curve', 'carbon-changed', 'carbon-curve')`,
];
