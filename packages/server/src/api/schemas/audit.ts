// Lines of the audit log.
import { z } from "@hono/zod-openapi";

export const auditListSchema = z
  .object({
    lines: z.array(
      z.object({
        seq: z.number().int(),
        atSeconds: z.number(),
        requestId: z.string(),
        tokenId: z.string().nullable(),
        tokenName: z.string().nullable(),
        remote: z.string(),
        method: z.string(),
        route: z.string(),
        status: z.number().int(),
        code: z.string().nullable(),
        jobIds: z.array(z.string()),
        /** Alike, within a minute. */
        times: z.number().int(),
      }),
    ),
  })
  .openapi("Audit");
