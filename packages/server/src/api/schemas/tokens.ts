// Tokens, as they are shown and asked for.
import { z } from "@hono/zod-openapi";

const scope = z.enum(["read", "submit", "operate", "admin"]);

export const tokenSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    scopes: z.array(scope),
    /** Whose jobs alone it sees; null: everybody's. */
    tenant: z.string().nullable(),
    createdSeconds: z.number(),
    expiresSeconds: z.number().nullable(),
    revokedSeconds: z.number().nullable(),
    /** To ten minutes. */
    usedSeconds: z.number().nullable(),
  })
  .openapi("Token");

export const tokenListSchema = z.object({ tokens: z.array(tokenSchema) });

export const tokenRequestSchema = z
  .object({
    name: z.string().regex(/^[\w.@ -]{1,64}$/, "1 to 64 letters, digits, spaces and . @ _ -"),
    scopes: z.array(scope).min(1).max(4),
    tenant: z
      .string()
      .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "lower-case letters, digits and inner hyphens")
      .nullable()
      .default(null),
    /** From now; null: it does not expire. */
    expiresInSeconds: z.number().positive().max(1e10).nullable().default(null),
  })
  .openapi("TokenRequest");

/** The only answer that has the text of a token. */
export const newTokenSchema = z.object({ token: tokenSchema, text: z.string() }).openapi("NewToken");

export type TokenView = z.infer<typeof tokenSchema>;
export type NewToken = z.infer<typeof newTokenSchema>;
