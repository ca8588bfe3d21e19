// Wire format of the REST API, version 1: one zod schema per body gives validation, types and the OpenAPI document.
// Times are seconds since 1970 on the service's clock; field names end in their unit.
import { z } from "@hono/zod-openapi";

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    /** Stable, from the catalogue of codes. */
    code: z.string(),
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

export const placementSchema = z
  .object({
    /** In pipeline order. */
    regions: z.array(z.object({ region: z.string(), gpus: z.number().int() })),
    hops: z.array(z.object({ from: z.string(), to: z.string(), reservedBitsPerSecond: z.number() })),
  })
  .openapi("Placement");

export const orderTermsSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("fcfs"), submitSeconds: z.number() }),
  z.object({ kind: z.literal("shortest"), idealSeconds: z.number() }),
  z.object({
    kind: z.literal("priority"),
    score: z.number(),
    alpha: z.number(),
    intensity: z.number(),
    sensitivity: z.number(),
  }),
]);

export const rejectionSchema = z.discriminatedUnion("constraint", [
  z.object({ constraint: z.literal("no-free-gpus"), region: z.string() }),
  z.object({ constraint: z.literal("single-region"), region: z.string() }),
  z.object({
    constraint: z.literal("bandwidth"),
    region: z.string(),
    from: z.string(),
    to: z.string(),
    neededBitsPerSecond: z.number(),
    residualBitsPerSecond: z.number(),
  }),
]);

export const explanationSchema = z
  .object({
    policy: z.string(),
    position: z.number().int(),
    order: orderTermsSchema,
    targetGpus: z.number().int(),
    neededGpus: z.number().int(),
    candidates: z.array(
      z.object({
        regions: z.array(z.string()),
        gpus: z.number().int(),
        outcome: z.enum(["chosen", "not-best", "too-few-gpus"]),
        rejections: z.array(rejectionSchema),
        runSeconds: z.number().optional(),
        usd: z.number().optional(),
        score: z.number().optional(),
      }),
    ),
    iterationLowerBoundSeconds: z.number(),
    blockedBy: z.string().optional(),
    depth: z.number().optional(),
    reservedFor: z.string().optional(),
    postponed: z.object({ kind: z.enum(["faster", "cheaper"]), untilSeconds: z.number() }).optional(),
  })
  .openapi("Explanation");

/** A hop between two regions of a job's path. */
export const hopViewSchema = z
  .object({
    from: z.string(),
    to: z.string(),
    reservedBitsPerSecond: z.number(),
    /** Rates for which the schedule was chosen; null for jobs that are not trained. */
    interval: z
      .object({
        /** 0: however slow. */
        lowBitsPerSecond: z.number(),
        /** null: however fast. */
        highBitsPerSecond: z.number().nullable(),
      })
      .nullable(),
    /** What the job has measured of it, each way. */
    measured: z.array(
      z.object({
        from: z.string(),
        to: z.string(),
        bitsPerSecond: z.number(),
        roundTripSeconds: z.number().nullable(),
        ageSeconds: z.number(),
      }),
    ),
  })
  .openapi("Hop");

/** Why a job was stopped and placed anew. */
export const replanSchema = z
  .object({
    /** `reschedule`: it kept its GPUs. */
    action: z.enum(["move", "reschedule"]),
    step: z.number().int(),
    from: z.string(),
    to: z.string(),
    measuredBitsPerSecond: z.number(),
    lowBitsPerSecond: z.number(),
    highBitsPerSecond: z.number().nullable(),
    gainSeconds: z.number(),
    costSeconds: z.number(),
  })
  .openapi("Replan");

export const jobViewSchema = z
  .object({
    id: z.string(),
    tenant: z.string(),
    phase: z.enum(["queued", "infeasible", "starting", "running", "stopping", "ended"]),
    outcome: z.enum(["finished", "cancelled", "failed"]).nullable(),
    reason: z.string().nullable(),
    submittedSeconds: z.number(),
    /** When its first epoch had all ranks together. */
    startedSeconds: z.number().nullable(),
    endedSeconds: z.number().nullable(),
    waitSeconds: z.number(),
    jctSeconds: z.number().nullable(),
    epoch: z.number().int(),
    placement: placementSchema.nullable(),
    iterations: z.number().int(),
    step: z.number().int(),
    firstLoss: z.number().nullable(),
    lastLoss: z.number().nullable(),
    predictedStepSeconds: z.number().nullable(),
    /** Mean over the steps of this epoch but the first. */
    measuredStepSeconds: z.number().nullable(),
    /** Measured over predicted seconds of its blocks. */
    blockRatio: z.number().nullable(),
    /** Last step of the newest checkpoint. */
    committedStep: z.number().int().nullable(),
    /** Of its placement. */
    hops: z.array(hopViewSchema),
    /** The last time that it was placed anew because of a link. */
    replan: replanSchema.nullable(),
    /** So far, the running epoch included. */
    electricityUsd: z.number(),
    gpuSeconds: z.number(),
  })
  .openapi("Job");

export const jobListSchema = z.object({ jobs: z.array(jobViewSchema) });

export const regionViewSchema = z
  .object({
    name: z.string(),
    gpuType: z.string(),
    emulated: z.boolean(),
    gpus: z.number().int(),
    freeGpus: z.number().int(),
    priceUsdPerKwh: z.number(),
    pue: z.number(),
    latitude: z.number().nullable(),
    longitude: z.number().nullable(),
    links: z.array(
      z.object({
        to: z.string(),
        bandwidthBitsPerSecond: z.number(),
        reservedBitsPerSecond: z.number(),
        latencySeconds: z.number(),
        /** Set while a job is known to have got less than it had reserved: all that the link is thought to carry. */
        limit: z.object({ bitsPerSecond: z.number(), ageSeconds: z.number() }).nullable(),
      }),
    ),
  })
  .openapi("Region");

export const regionListSchema = z.object({
  fleet: z.string(),
  nowSeconds: z.number(),
  regions: z.array(regionViewSchema),
});

/** A decision of the log: why a job was placed where it is, or found infeasible. */
export const decisionSchema = z
  .object({
    seq: z.number().int(),
    atSeconds: z.number(),
    kind: z.enum(["placed", "infeasible"]),
    jobId: z.string(),
    epoch: z.number().int().nullable(),
    placement: placementSchema.nullable(),
    predictedStepSeconds: z.number().nullable(),
    /** With the intervals that the schedule was chosen for. */
    hops: z.array(hopViewSchema),
    /** Set where a running job was stopped for this. */
    replan: replanSchema.nullable(),
    why: explanationSchema,
  })
  .openapi("Decision");

export const decisionListSchema = z.object({ decisions: z.array(decisionSchema) });

/** What the scheduler would do now with a queued job (dry run), or did with a placed one. */
export const explainedSchema = z
  .object({
    jobId: z.string(),
    kind: z.enum(["start", "wait", "infeasible", "placed", "ended"]),
    placement: placementSchema.nullable(),
    hops: z.array(hopViewSchema),
    replan: replanSchema.nullable(),
    why: explanationSchema.nullable(),
  })
  .openapi("Explained");

export const planSchema = z.object({ decisions: z.array(explainedSchema) }).openapi("Plan");

/** Text of a job file (YAML or JSON), as a person wrote it, so that complaints carry its lines. */
export const submitSchema = z
  .object({
    file: z.string(),
    text: z.string(),
    /** Folder that relative data paths start from, on this machine. */
    directory: z.string(),
  })
  .openapi("Submit");

export const submittedSchema = z
  .object({ jobIds: z.array(z.string()), existing: z.array(z.string()) })
  .openapi("Submitted");

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

const port = z.number().int().min(1).max(65535);

export const rendezvousRequestSchema = z.object({
  launchKey: z.string(),
  rank: z.number().int().min(0),
  host: z.string(),
  port,
  storePort: port.nullable().default(null),
  dataHash: z.string().nullable(),
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
  launchKey: z.string(),
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

export type JobView = z.infer<typeof jobViewSchema>;
export type HopView = z.infer<typeof hopViewSchema>;
export type ReplanView = z.infer<typeof replanSchema>;
export type RegionView = z.infer<typeof regionViewSchema>;
export type RegionList = z.infer<typeof regionListSchema>;
export type DecisionView = z.infer<typeof decisionSchema>;
export type Explained = z.infer<typeof explainedSchema>;
export type PlacementView = z.infer<typeof placementSchema>;
export type ServiceView = z.infer<typeof serviceSchema>;
export type Submitted = z.infer<typeof submittedSchema>;
export type Problem = z.infer<typeof problemSchema>;
