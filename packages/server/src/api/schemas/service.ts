// The service itself.
import { z } from "@hono/zod-openapi";
import { SCOPES } from "../../access/identity.ts";

export const serviceSchema = z
  .object({
    version: z.string(),
    policy: z.string(),
    timeModel: z.string(),
    fleet: z.string().nullable(),
    seq: z.number().int(),
    nowSeconds: z.number(),
    pid: z.number().int(),
    /** Who asks: what they may do, and whose jobs they see. */
    caller: z.object({
      name: z.string(),
      /** null: everybody's. */
      tenant: z.string().nullable(),
      scopes: z.array(z.enum(SCOPES)),
    }),
  })
  .openapi("Service");

export type ServiceView = z.infer<typeof serviceSchema>;
