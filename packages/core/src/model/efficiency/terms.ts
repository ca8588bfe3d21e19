// The fitted numbers of the time model, and how far each may be believed.
// DEFAULT_TERMS: fitted by fitDefaults over the 146 usable rows of 151 public runs (MosaicML llm-foundry's MPT
// benchmark; Narayanan et al. 2021, table 1, and Megatron-LM's README; torchtitan's H100 reports; Nemotron-4 340B;
// Sailor's validation runs). `bench/time-model.ts` fits them anew and prints how well they do: iteration time is off by
// 5 % on average without Sailor's 18 rows (eager, unfused attention: 2 to 4 times slower than said), 13 % with them.
// A source left out of the fit is off by 1 to 18 % (Sailor 67 %), with one row of it by 1 to 15 % (Sailor 35 %).
// Not fitted on, checked against: NVIDIA's tuned fp8 recipes (NeMo 24.07 performance summary, 12 dense rows on H100)
// take less time than said, which is 28 % too much; one row brings that to 7 %.

export const TERM_NAMES = [
  "ampereMatrixShare",
  "hopperMatrixShare",
  "ampereAttentionShare",
  "hopperAttentionShare",
  "fp8Speedup",
  "memoryPasses",
  "scorePasses",
  "recomputationCost",
  "tensorLinkCost",
  "layerOverheadSeconds",
  "gradientExposedShare",
  "gatherExposedShare",
  "slowdown",
] as const;

export type TermName = (typeof TERM_NAMES)[number];

/**
 * `*MatrixShare`: share of peak that wide dense products reach. `*AttentionShare`: the same of attention's products, all
 * s² scores counted, though kernels may skip half. `fp8Speedup`: of layers' dense products, against bf16.
 * `memoryPasses`: times that a layer's activations cross memory besides. `scorePasses`: the same for attention scores,
 * where they are stored. `recomputationCost`: a repeated forward pass, in forward passes. `tensorLinkCost`: tensor
 * parallelism's reductions, in times at the link's full rate. `layerOverheadSeconds`: per layer and micro-batch.
 * `gradientExposedShare`, `gatherExposedShare`: what computation does not hide of the reduction of gradients, and of
 * fully sharded weights' traffic. `slowdown`: of everything; what calibration finds of a system and nothing else says.
 */
export type TimeTerms = Readonly<Record<TermName, number>>;

interface Belief {
  /** Before any row was seen: from data sheets and kernels' own benchmarks. */
  readonly prior: number;
  /** Standard deviation of its logarithm, before any row was seen. */
  readonly priorSpread: number;
  /** Standard deviation of its logarithm from one system to the next. */
  readonly systemSpread: number;
}

export const BELIEFS: Readonly<Record<TermName, Belief>> = {
  ampereMatrixShare: { prior: 0.75, priorSpread: 0.2, systemSpread: 0.15 },
  hopperMatrixShare: { prior: 0.62, priorSpread: 0.2, systemSpread: 0.15 },
  ampereAttentionShare: { prior: 0.55, priorSpread: 0.3, systemSpread: 0.3 },
  hopperAttentionShare: { prior: 0.4, priorSpread: 0.3, systemSpread: 0.3 },
  fp8Speedup: { prior: 1.65, priorSpread: 0.2, systemSpread: 0.15 },
  memoryPasses: { prior: 2.5, priorSpread: 0.3, systemSpread: 0.3 },
  scorePasses: { prior: 5, priorSpread: 0.4, systemSpread: 0.8 },
  recomputationCost: { prior: 0.85, priorSpread: 0.2, systemSpread: 0.2 },
  tensorLinkCost: { prior: 1, priorSpread: 0.4, systemSpread: 0.4 },
  layerOverheadSeconds: { prior: 4e-4, priorSpread: 0.5, systemSpread: 1 },
  gradientExposedShare: { prior: 0.3, priorSpread: 0.7, systemSpread: 1 },
  gatherExposedShare: { prior: 0.1, priorSpread: 0.4, systemSpread: 1 },
  slowdown: { prior: 1, priorSpread: 0, systemSpread: 0.25 },
};

export const PRIOR_TERMS = termsOf((name) => BELIEFS[name].prior);

export const DEFAULT_TERMS: TimeTerms = {
  ampereMatrixShare: 0.716,
  hopperMatrixShare: 0.62,
  ampereAttentionShare: 0.522,
  hopperAttentionShare: 0.293,
  fp8Speedup: 1.69,
  memoryPasses: 2.94,
  scorePasses: 3.61,
  recomputationCost: 0.724,
  tensorLinkCost: 1.05,
  layerOverheadSeconds: 5.87e-4,
  gradientExposedShare: 0.229,
  gatherExposedShare: 0.108,
  slowdown: 1,
};

export function termsOf(value: (name: TermName) => number): TimeTerms {
  return Object.fromEntries(TERM_NAMES.map((name) => [name, value(name)])) as Record<TermName, number>;
}
