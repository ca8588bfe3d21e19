// Shapes of published models, each from its configuration file or paper, and tiny ones that train on a laptop.
// Counts follow from the shape; what a publication counts differently is said beside it. Positions are rotary or ALiBi
// where `learnedPositions` is absent. Left out: sliding windows (Gemma 3's local layers cost less at long sequences).
import type { ModelShape } from "./shape.ts";

const qwen25 = { vocabularySize: 152_064, feedForward: "swiglu", tiedEmbeddings: false } as const;
const llama = { feedForward: "swiglu", tiedEmbeddings: false } as const;
const tiny = { vocabularySize: 256, feedForward: "swiglu", tiedEmbeddings: false } as const;

/** A name and its shape; `publishedParameters` as the source states it, undefined for our own. */
export interface ModelPreset {
  readonly shape: ModelShape;
  readonly publishedParameters?: number;
  readonly source: string;
}

const PRESETS: Readonly<Record<string, ModelPreset>> = {
  "qwen2.5-14b": {
    shape: {
      ...qwen25,
      hiddenSize: 5120,
      layers: 48,
      attentionHeads: 40,
      keyValueHeads: 8,
      feedForwardSize: 13_824,
    },
    publishedParameters: 14.7e9,
    source: "Qwen/Qwen2.5-14B config.json; Qwen2.5 technical report (arXiv 2412.15115)",
  },
  "qwen2.5-32b": {
    shape: {
      ...qwen25,
      hiddenSize: 5120,
      layers: 64,
      attentionHeads: 40,
      keyValueHeads: 8,
      feedForwardSize: 27_648,
    },
    publishedParameters: 32.5e9,
    source: "Qwen/Qwen2.5-32B config.json; the card says 32.5B, the padded vocabulary makes it 32.8B",
  },
  "qwen2.5-72b": {
    shape: {
      ...qwen25,
      hiddenSize: 8192,
      layers: 80,
      attentionHeads: 64,
      keyValueHeads: 8,
      feedForwardSize: 29_568,
    },
    publishedParameters: 72.7e9,
    source: "Qwen/Qwen2.5-72B config.json; Qwen2.5 technical report",
  },
  "gemma-3-27b": {
    shape: {
      hiddenSize: 5376,
      layers: 62,
      attentionHeads: 32,
      keyValueHeads: 16,
      headSize: 128,
      feedForwardSize: 21_504,
      vocabularySize: 262_208,
      feedForward: "swiglu",
      tiedEmbeddings: true,
    },
    // 25.6B and 1.416B of embeddings in table 1; "27.4B" elsewhere includes the vision encoder (0.417B), absent here.
    publishedParameters: 27.0e9,
    source:
      "google/gemma-3-27b-pt config.json (GeGLU, head size 128); Gemma 3 technical report (arXiv 2503.19786)",
  },
  "yi-34b": {
    shape: {
      ...llama,
      hiddenSize: 7168,
      layers: 60,
      attentionHeads: 56,
      keyValueHeads: 8,
      feedForwardSize: 20_480,
      vocabularySize: 64_000,
    },
    publishedParameters: 34.4e9,
    source: "01-ai/Yi-34B config.json; Yi (arXiv 2403.04652)",
  },
  "falcon-40b": {
    // Attention and feed-forward run in parallel, which changes no count; head size 64, 8 groups of keys and values.
    shape: {
      hiddenSize: 8192,
      layers: 60,
      attentionHeads: 128,
      keyValueHeads: 8,
      feedForwardSize: 32_768,
      vocabularySize: 65_024,
      feedForward: "gelu",
      tiedEmbeddings: true,
    },
    // The hub shows 41.8B, which is this and a second copy of the embedding stored as the head.
    publishedParameters: 41.3e9,
    source: "tiiuae/falcon-40b config.json; The Falcon series (arXiv 2311.16867)",
  },
  "llama-3.1-70b": {
    shape: {
      ...llama,
      hiddenSize: 8192,
      layers: 80,
      attentionHeads: 64,
      keyValueHeads: 8,
      feedForwardSize: 28_672,
      vocabularySize: 128_256,
    },
    publishedParameters: 70.6e9,
    source: "meta-llama/Llama-3.1-70B config.json; The Llama 3 herd of models (arXiv 2407.21783)",
  },
  "flm-101b": {
    // Card: 80 layers, 80 heads, d_model 10240, vocabulary 100256. Config: n_inner 40960, activation gelu_fast,
    // vocabulary padded to 100352, xPos. Whether embeddings are tied is not stated; the library's default is tied
    // (untied would be 102.7B). The model grew from 16B over 51B: this is its last stage.
    shape: {
      hiddenSize: 10_240,
      layers: 80,
      attentionHeads: 80,
      keyValueHeads: 80,
      feedForwardSize: 40_960,
      vocabularySize: 100_352,
      feedForward: "gelu",
      tiedEmbeddings: true,
    },
    publishedParameters: 101e9,
    source: "CofeAI/FLM-101B README and config.json; FLM-101B (arXiv 2309.03852)",
  },
  "llama-2-13b": {
    shape: {
      ...llama,
      hiddenSize: 5120,
      layers: 40,
      attentionHeads: 40,
      keyValueHeads: 40,
      feedForwardSize: 13_824,
      vocabularySize: 32_000,
    },
    publishedParameters: 13.0e9,
    source: "meta-llama/Llama-2-13b-hf config.json; Llama 2 (arXiv 2307.09288)",
  },
  "llama-2-70b": {
    shape: {
      ...llama,
      hiddenSize: 8192,
      layers: 80,
      attentionHeads: 64,
      keyValueHeads: 8,
      feedForwardSize: 28_672,
      vocabularySize: 32_000,
    },
    publishedParameters: 69.0e9,
    source: "meta-llama/Llama-2-70b-hf config.json; the hub counts 69.0B",
  },
  "gpt-3-175b": {
    shape: {
      hiddenSize: 12_288,
      layers: 96,
      attentionHeads: 96,
      keyValueHeads: 96,
      feedForwardSize: 49_152,
      vocabularySize: 50_257,
      feedForward: "gelu",
      tiedEmbeddings: true,
      learnedPositions: 2048,
    },
    publishedParameters: 175e9,
    source: "Language models are few-shot learners (arXiv 2005.14165), table 2.1: 175.0B",
  },
  "tiny-byte": {
    shape: { ...tiny, hiddenSize: 64, layers: 6, attentionHeads: 4, keyValueHeads: 2, feedForwardSize: 192 },
    source: "ours: text by byte, 0.3 million parameters, for demonstrations on one machine",
  },
  "tiny-byte-deep": {
    shape: { ...tiny, hiddenSize: 64, layers: 8, attentionHeads: 4, keyValueHeads: 2, feedForwardSize: 192 },
    source: "ours: two layers more than tiny-byte",
  },
  "tiny-byte-thin": {
    shape: { ...tiny, hiddenSize: 32, layers: 4, attentionHeads: 2, keyValueHeads: 1, feedForwardSize: 64 },
    source:
      "ours: little work per byte that crosses a boundary, so a placement across regions needs bandwidth",
  },
};

/** Built-in models by name. */
export const MODEL_PRESETS: ReadonlyMap<string, ModelPreset> = new Map(Object.entries(PRESETS));
