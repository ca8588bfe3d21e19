// Who may come in, put together: tokens, audit log, limits. At its first start a service makes a token that may do
// everything, and one for its dashboard that may read, and leaves each in a file that its owner alone can read: the command
// line of the same machine finds them there.
import { randomUUID } from "node:crypto";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { isMissing } from "../files.ts";
import { StartError } from "../start-error.ts";
import type { Database } from "../store/database.ts";
import { type Audit, openAudit } from "./audit.ts";
import type { Scope } from "./identity.ts";
import { readToken } from "./token.ts";
import { openTokens, type Tokens } from "./tokens.ts";

export const ADMIN_TOKEN_FILE = "admin.token";
export const DASHBOARD_TOKEN_FILE = "dashboard.token";

const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "::1"]);

export interface Access {
  readonly tokens: Tokens;
  readonly audit: Audit;
  /** Whether whoever reaches it needs no token. */
  readonly open: boolean;
  /** Writes what is not yet written. */
  close(): Promise<void>;
}

export interface AccessOptions {
  /** Migrated. */
  readonly database: Database;
  readonly nowSeconds: () => number;
  /** Of the service: where the files with tokens are. Without it none are made. */
  readonly stateDirectory?: string;
  /** No token is needed. Only for services that nobody else's machine reaches. */
  readonly open?: boolean;
  /** Address that it listens on. */
  readonly host: string;
  readonly onError: (error: unknown) => void;
}

/** Throws `open-elsewhere` for a service that would be open to other machines. */
export function refuseOpenElsewhere(isOpen: boolean, host: string): void {
  if (!isOpen || LOOPBACK_HOSTS.has(host)) return;
  const message = `without tokens a service may only listen on this machine, not on ${host}: leave out one of the two`;
  throw new StartError("open-elsewhere", message);
}

/** Throws as `refuseOpenElsewhere`. */
export async function openAccess(options: AccessOptions): Promise<Access> {
  const { host, open: isOpen = false, stateDirectory } = options;
  refuseOpenElsewhere(isOpen, host);
  const tokens = await openTokens(options);
  const audit = openAudit(options);
  if (stateDirectory !== undefined) {
    await keepToken(tokens, join(stateDirectory, ADMIN_TOKEN_FILE), "admin", ["admin"]);
    await keepToken(tokens, join(stateDirectory, DASHBOARD_TOKEN_FILE), "dashboard", ["read"]);
  }
  return { tokens, audit, open: isOpen, close: () => audit.close() };
}

/**
 * Sees to it that the file has a token that the database knows. One that it does not know, of a database before this one,
 * may have been revoked there. One that was revoked stays so; whoever removes the file gets another.
 */
async function keepToken(
  tokens: Tokens,
  file: string,
  name: string,
  scopes: readonly Scope[],
): Promise<void> {
  const kept = readToken((await readText(file)) ?? "");
  if (kept && tokens.has(kept.id)) return;
  // The database first: a crash in between leaves a token that nobody has.
  const { text } = await tokens.create({ name, scopes, tenant: null, expiresSeconds: null });
  await writePrivately(file, `${text}\n`);
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, "utf8")).trim();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Complete or absent, and never readable by others, not even for a moment. */
async function writePrivately(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  await mkdir(join(path, ".."), { recursive: true });
  const file = await open(temporary, "wx", 0o600);
  try {
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
