// What pages draw is found without reading the rest of the log: steps of a job, and what was said of a region's prices, carbon
// and GPUs.
export const drawn: readonly string[] = [
  "create index events_steps on events (job_id, seq) where kind = 'progress'",
  `create index events_prices on events ((body ->> 'region'), at_seconds)
     where kind in ('price-changed', 'price-curve', 'carbon-changed', 'carbon-curve')`,
  `create index events_capacities on events ((body ->> 'region'))
     where kind in ('capacity-changed', 'capacity-counted')`,
];
