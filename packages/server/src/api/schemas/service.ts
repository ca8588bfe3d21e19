// The service itself.
import { z } from "@hono/zod-openapi";

export const serviceSchema = z
  .object({
    version: z.string(),
    policy: z.string(),
    timeModel: z.string(),
    fleet: z.string().nullable(),
    seq: z.number().int(),
    nowSeconds: z.number(),
    pid: z.number().int(),
  })
  .openapi("Service");

export type ServiceView = z.infer<typeof serviceSchema>;
