// What ranks say, and what they are told.
import { z } from "@hono/zod-openapi";

const MOST_KEY = 256;

const port = z.number().int().min(1).max(65535);

export const rendezvousRequestSchema = z.object({
  launchKey: z.string().max(MOST_KEY),
  rank: z.number().int().min(0),
  host: z.string().regex(/^[\w.:[\]%-]{1,253}$/, "neither a host name nor an address"),
  port,
  storePort: port.nullable().default(null),
  dataHash: z.string().max(256).nullable(),
});

export const rendezvousReplySchema = z.discriminatedUnion("state", [
  z.object({ state: z.literal("waiting") }),
  z.object({
    state: z.literal("ready"),
    addresses: z.array(
      z.object({ rank: z.number().int(), host: z.string(), port, storePort: port.nullable() }),
    ),
  }),
]);

/** Of any size: what cannot be is left out where it is used. */
const figure = z.number().nullable();

export const telemetryRequestSchema = z.object({
  launchKey: z.string().max(MOST_KEY),
  rank: z.number().int().min(0),
  /** Counts from 1 in every epoch; the same when a report is sent again. */
  sequence: z.number().int().min(1),
  steps: z.array(
    z.object({
      step: z.number().int().min(1),
      loss: z.number().nullable(),
      stepSeconds: z.number().min(0).max(1e6),
      idleSeconds: figure,
      updateSeconds: figure,
      /** Medians over the step's micro-batches. */
      stages: z.array(
        z.object({
          stage: z.number().int().min(0),
          forwardSeconds: figure,
          /** Of whole backwards, */
          backwardSeconds: figure,
          /** or of those in two parts. */
          inputGradSeconds: figure,
          weightGradSeconds: figure,
        }),
      ),
    }),
  ),
  /** Since the last report. */
  links: z.array(
    z.object({
      toRank: z.number().int().min(0),
      bytes: figure,
      /** In which the link was busy: 8 · bytes / seconds is what it carried. */
      seconds: figure,
      messages: figure,
      /** The least seen. */
      roundTripSeconds: figure,
    }),
  ),
  memoryPeakBytes: figure,
  peakActivations: figure,
  /** Of the newest checkpoint that is complete. */
  committedStep: z.number().int().nullable(),
  finished: z.boolean(),
});

export const telemetryReplySchema = z.object({ acknowledged: z.number().int() });
