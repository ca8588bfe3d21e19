// Tokens as people hold them: bace_<id>_<secret>, the secret 32 random bytes. What is stored is the SHA-256 of the secret:
// it has no structure that could be guessed, so a slow digest would protect nothing.
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

const SECRET_BYTES = 32;
const ID_BYTES = 6;
const FORM = /^bace_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;

export interface TokenText {
  readonly id: string;
  readonly secret: string;
  readonly text: string;
}

export function newToken(): TokenText {
  const id = randomBytes(ID_BYTES).toString("hex");
  const secret = randomBytes(SECRET_BYTES).toString("base64url");
  return { id, secret, text: `bace_${id}_${secret}` };
}

/** undefined for what is no token. */
export function readToken(text: string): TokenText | undefined {
  const [, id, secret] = FORM.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret, text };
}

export function digestOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** In a time that does not tell how much of it is right. */
export function isSecretOf(secret: string, digest: string): boolean {
  return timingSafeEqual(Buffer.from(digestOf(secret), "hex"), Buffer.from(digest, "hex"));
}

/** The token of an Authorization header; undefined where it has none. */
export function bearerOf(header: string | undefined): string | undefined {
  return /^Bearer +(\S+)$/i.exec(header ?? "")?.[1];
}
