// The tokens of a service: in the database, and all of them in memory too, so that a request waits for nothing and a
// token that is revoked is refused from that moment on. One instance at a time is active: nobody else changes them.
import type { Database } from "../store/database.ts";
import type { Identity, Scope } from "./identity.ts";
import { digestOf, isSecretOf, newToken, readToken, type TokenText } from "./token.ts";

/** How exactly it is known when a token was last used. */
const USED_STEP_SECONDS = 600;

export interface Token extends Identity {
  readonly createdSeconds: number;
  readonly expiresSeconds: number | null;
  readonly revokedSeconds: number | null;
  /** To ten minutes. */
  readonly usedSeconds: number | null;
}

export interface TokenRequest {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly tenant: string | null;
  readonly expiresSeconds: number | null;
}

export type Refused = "not-a-token" | "unknown" | "revoked" | "expired";

export interface Tokens {
  /** Whose token that is, or why it is nobody's. */
  check(text: string): Identity | Refused;
  /** Whether a token that was good still is. */
  isGood(id: string): boolean;
  /** Of everybody, in the order in which they were made; also those that are no longer good. */
  list(): readonly Token[];
  /** The only time that its text is known. */
  create(request: TokenRequest): Promise<{ readonly token: Token; readonly text: string }>;
  /** undefined: there is none. Revoking twice is the same as once. */
  revoke(id: string): Promise<Token | undefined>;
  /** Whether the id is known, whatever has become of it. */
  has(id: string): boolean;
}

interface Row {
  readonly id: string;
  readonly name: string;
  readonly secret_sha256: string;
  readonly scopes: readonly Scope[];
  readonly tenant: string | null;
  readonly created_seconds: number;
  readonly expires_seconds: number | null;
  readonly revoked_seconds: number | null;
  readonly used_seconds: number | null;
}

interface Known {
  token: Token;
  readonly digest: string;
}

export interface TokenOptions {
  readonly database: Database;
  readonly nowSeconds: () => number;
  /** Called when a note of a token's use could not be written. */
  readonly onError: (error: unknown) => void;
}

export async function openTokens({ database, nowSeconds, onError }: TokenOptions): Promise<Tokens> {
  const rows = await database.query<Row>("select * from tokens order by created_seconds, id");
  const known = new Map<string, Known>(
    rows.map((row) => [row.id, { token: tokenOf(row), digest: row.secret_sha256 }]),
  );

  const noteUse = (entry: Known, now: number): void => {
    const usedSeconds = Math.floor(now / USED_STEP_SECONDS) * USED_STEP_SECONDS;
    if (entry.token.usedSeconds !== null && entry.token.usedSeconds >= usedSeconds) return;
    entry.token = { ...entry.token, usedSeconds };
    database
      .query("update tokens set used_seconds = $1 where id = $2", [usedSeconds, entry.token.id])
      .catch(onError);
  };

  const store = async ({ id, secret }: TokenText, request: TokenRequest): Promise<Token> => {
    const { expiresSeconds, name, scopes, tenant } = request;
    const token: Token = {
      ...{ id, name, scopes: [...scopes], tenant },
      ...{ createdSeconds: nowSeconds(), expiresSeconds, revokedSeconds: null, usedSeconds: null },
    };
    const digest = digestOf(secret);
    await database.query(
      `insert into tokens (id, name, secret_sha256, scopes, tenant, created_seconds, expires_seconds)
       values ($1, $2, $3, $4, $5, $6, $7)`,
      [id, name, digest, JSON.stringify(scopes), tenant, token.createdSeconds, expiresSeconds],
    );
    known.set(id, { token, digest });
    return token;
  };

  /** Why it is no longer good. */
  const overOf = ({ expiresSeconds, revokedSeconds }: Token, now: number): Refused | undefined => {
    if (revokedSeconds !== null) return "revoked";
    return expiresSeconds !== null && expiresSeconds <= now ? "expired" : undefined;
  };

  return {
    check(text) {
      const read = readToken(text);
      if (!read) return "not-a-token";
      const entry = known.get(read.id);
      if (!entry || !isSecretOf(read.secret, entry.digest)) return "unknown";
      const now = nowSeconds();
      const over = overOf(entry.token, now);
      if (over === undefined) noteUse(entry, now);
      return over ?? entry.token;
    },
    isGood(id) {
      const entry = known.get(id);
      return entry !== undefined && overOf(entry.token, nowSeconds()) === undefined;
    },
    list: () => Array.from(known.values(), ({ token }) => token),
    has: (id) => known.has(id),
    async create(request) {
      const fresh = newToken();
      return { token: await store(fresh, request), text: fresh.text };
    },
    async revoke(id) {
      const entry = known.get(id);
      if (!entry) return undefined;
      const revokedSeconds = entry.token.revokedSeconds ?? nowSeconds();
      entry.token = { ...entry.token, revokedSeconds }; // refused from now on, whatever becomes of the database
      // Also where it was revoked before: that may not have been written.
      await database.query("update tokens set revoked_seconds = $1 where id = $2", [revokedSeconds, id]);
      return entry.token;
    },
  };
}

function tokenOf(row: Row): Token {
  return {
    id: row.id,
    name: row.name,
    scopes: row.scopes,
    tenant: row.tenant,
    createdSeconds: row.created_seconds,
    expiresSeconds: row.expires_seconds,
    revokedSeconds: row.revoked_seconds,
    usedSeconds: row.used_seconds,
  };
}
