// Which database this is: a state folder's launches belong to one log, and are never reconciled with another.
export const identity: readonly string[] = [
  `create table identity (
     id        uuid not null default gen_random_uuid(),
     only_row  boolean primary key default true check (only_row)
   )`,
  "insert into identity default values",
];
