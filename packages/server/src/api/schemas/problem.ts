// What the API says when it refuses something (RFC 9457).
import { z } from "@hono/zod-openapi";

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    /** Stable, from the catalogue of codes. */
    code: z.string(),
    /** That a token would need. */
    scope: z.string().optional(),
    /** The newest, where a plan was made for another one. */
    revision: z.number().int().optional(),
    /** For a body that is wrong: what, where, and what to do. */
    diagnostics: z
      .array(
        z.object({
          code: z.string(),
          file: z.string(),
          line: z.number().int(),
          column: z.number().int(),
          field: z.string(),
          message: z.string(),
          hint: z.string(),
        }),
      )
      .optional(),
  })
  .openapi("Problem");

export type Problem = z.infer<typeof problemSchema>;
