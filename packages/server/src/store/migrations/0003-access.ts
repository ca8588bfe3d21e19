// Who may do what, and who did what. Of a token only the digest of its secret is kept.
// `audit` is only ever added to; `times` counts refusals that came again within a minute.
export const access: readonly string[] = [
  `create table tokens (
     id              text primary key,
     name            text not null,
     secret_sha256   text not null,
     scopes          json not null,
     tenant          text,
     created_seconds double precision not null,
     expires_seconds double precision,
     revoked_seconds double precision,
     used_seconds    double precision
   )`,
  `create table audit (
     seq        bigint generated always as identity primary key,
     at_seconds double precision not null,
     request_id text not null,
     token_id   text,
     token_name text,
     remote     text not null,
     method     text not null,
     route      text not null,
     status     integer not null,
     code       text,
     job_ids    json not null,
     times      integer not null
   )`,
];
