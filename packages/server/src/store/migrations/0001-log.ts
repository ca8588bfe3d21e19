// The log of events, and snapshots of the state that it leads to.
// `json` and not `jsonb`: a body must come back as it was written. jsonb reorders keys and refuses \u0000.
export const log: readonly string[] = [
  `create table events (
     seq        bigint primary key,
     at_seconds double precision not null,
     kind       text not null,
     job_id     text,
     body       json not null
   )`,
  "create index events_decisions on events (seq) where kind in ('placed', 'infeasible')",
  "create index events_fleets on events (seq) where kind = 'fleet-loaded'",
  `create table snapshots (
     seq  bigint primary key,
     body json not null
   )`,
];
