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
    /** Where the fleet has tenants or priority classes. */
    precedence: z
      .object({
        tenant: z.string(),
        priorityClass: z.string().nullable(),
        classValue: z.number(),
        weightedGpuSeconds: z.number().nullable(),
        /** Id of a job. */
        behind: z.string().optional(),
        because: z.enum(["class", "share"]).optional(),
      })
      .optional(),
    /** Where its tenant's quota keeps it waiting. */
    overQuota: z
      .discriminatedUnion("kind", [
        z.object({
          kind: z.literal("gpus"),
          tenant: z.string(),
          quota: z.number(),
          held: z.number(),
          needed: z.number(),
        }),
        z.object({
          kind: z.literal("usd-per-day"),
          tenant: z.string(),
          quota: z.number(),
          spent: z.number(),
          expected: z.number(),
          needed: z.number(),
        }),
      ])
      .optional(),
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
    priorityClass: z.string().optional(),
    /** Not placed until it is released. */
    held: z.literal(true).optional(),
    /** The last time that it was stopped for a job of a higher class. */
    preempted: z.object({ by: z.string(), atSeconds: z.number() }).optional(),
  })
  .openapi("Job");

/** What a figure rests on: the file (its default), or an observation that is not too old. */
export const provenanceSchema = z
  .object({ source: z.string(), ageSeconds: z.number().nullable(), isDefault: z.boolean() })
  .openapi("Provenance");

export const jobListSchema = z.object({
  jobs: z.array(jobViewSchema),
  /** Of a page that is not the last one: give it as `after` for the next. */
  next: z.string().optional(),
});

export const regionViewSchema = z
  .object({
    name: z.string(),
    gpuType: z.string(),
    emulated: z.boolean(),
    gpus: z.number().int(),
    freeGpus: z.number().int(),
    priceUsdPerKwh: z.number(),
    pue: z.number(),
    priceFrom: provenanceSchema.optional(),
    /** null where nobody knows. */
    carbonGramsPerKwh: z.number().nullable().optional(),
    carbonFrom: provenanceSchema.optional(),
    /** Whether it is closed to new jobs. */
    cordon: z.enum(["cordoned", "drained"]).optional(),
    latitude: z.number().nullable(),
    longitude: z.number().nullable(),
    links: z.array(
      z.object({
        to: z.string(),
        bandwidthBitsPerSecond: z.number(),
        reservedBitsPerSecond: z.number(),
        latencySeconds: z.number(),
        bandwidthFrom: provenanceSchema.optional(),
        latencyFrom: provenanceSchema.optional(),
        /** What placements are planned with. */
        plannedBitsPerSecond: z.number().optional(),
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

export const planSchema = z
  .object({
    decisions: z.array(explainedSchema),
    /** Of fleet, queue and placements: a submission with this `ifRevision` is refused if they are other ones by then. */
    revision: z.number().int(),
  })
  .openapi("Plan");

const LONGEST_PATH = 4096;
/** Some thousand jobs; a parser of YAML needs about a second for the worst of this size. */
const LONGEST_TEXT = 2 ** 18;

/** Text of a job file (YAML or JSON), as a person wrote it, so that complaints carry its lines. */
export const submitSchema = z
  .object({
    file: z.string().max(LONGEST_PATH),
    text: z.string().max(LONGEST_TEXT),
    /** Folder that relative data paths start from, on this machine. */
    directory: z.string().max(LONGEST_PATH),
    /** Of the plan that this is to carry out. */
    ifRevision: z.number().int().min(0).optional(),
  })
  .openapi("Submit");

export const submittedSchema = z
  .object({ jobIds: z.array(z.string()), existing: z.array(z.string()) })
  .openapi("Submitted");

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

const MOST_KEY = 256;
const finite = z.number().finite();
const observedInput = { observedAtSeconds: finite.optional() };
const regionName = z.string().max(63);

/** In the unit of the input's own field. `isDefault`: it is too old to count, and the scenario's does. */
const saidFigureSchema = z.object({
  value: z.number(),
  source: z.string(),
  ageSeconds: z.number(),
  isDefault: z.boolean(),
});

/** What capacity, prices, carbon intensities and links are now. Figures that do not say when were observed now. */
export const inputsRequestSchema = z
  .object({
    /** Where they come from, for people. */
    source: z.string().regex(/^[\x20-\x7e]{1,100}$/, "1 to 100 printable ASCII characters"),
    inputs: z
      .array(
        z.discriminatedUnion("kind", [
          z.object({ kind: z.literal("capacity-changed"), region: regionName, gpus: z.number().int() }),
          z.object({
            ...{ kind: z.literal("price-changed"), region: regionName, priceUsdPerKwh: finite },
            ...observedInput,
          }),
          z.object({
            ...{ kind: z.literal("carbon-changed"), region: regionName, carbonGramsPerKwh: finite },
            ...observedInput,
          }),
          z.object({
            ...{ kind: z.literal("link-changed"), from: regionName, to: regionName },
            bandwidthBitsPerSecond: finite.optional(),
            /** One way. */
            latencySeconds: finite.optional(),
            ...observedInput,
          }),
        ]),
      )
      .min(1)
      .max(1000),
  })
  .openapi("Inputs");

/** What was said of the fleet since its scenario was loaded. */
export const inputListSchema = z
  .object({
    regions: z.array(
      z.object({
        region: z.string(),
        cordon: z.enum(["cordoned", "drained"]).nullable(),
        /** null: the scenario's. */
        gpus: z.number().int().nullable(),
        price: saidFigureSchema.nullable(),
        carbon: saidFigureSchema.nullable(),
      }),
    ),
    links: z.array(
      z.object({
        from: z.string(),
        to: z.string(),
        bandwidth: saidFigureSchema.nullable(),
        latency: saidFigureSchema.nullable(),
      }),
    ),
  })
  .openapi("InputList");

/** What was known already, or is older than what is, changes nothing. */
export const inputsReplySchema = z
  .object({ changed: z.number().int(), unchanged: z.number().int() })
  .openapi("InputsReply");

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

export type JobView = z.infer<typeof jobViewSchema>;
export type HopView = z.infer<typeof hopViewSchema>;
export type ReplanView = z.infer<typeof replanSchema>;
export type Provenance = z.infer<typeof provenanceSchema>;
export type InputsRequest = z.input<typeof inputsRequestSchema>;
export type InputList = z.infer<typeof inputListSchema>;
export type InputsReply = z.infer<typeof inputsReplySchema>;
export type RegionView = z.infer<typeof regionViewSchema>;
export type RegionList = z.infer<typeof regionListSchema>;
export type DecisionView = z.infer<typeof decisionSchema>;
export type Explained = z.infer<typeof explainedSchema>;
export type PlacementView = z.infer<typeof placementSchema>;
export type ServiceView = z.infer<typeof serviceSchema>;
export type TokenView = z.infer<typeof tokenSchema>;
export type NewToken = z.infer<typeof newTokenSchema>;
export type PlanView = z.infer<typeof planSchema>;
export type Submitted = z.infer<typeof submittedSchema>;
export type Problem = z.infer<typeof problemSchema>;
