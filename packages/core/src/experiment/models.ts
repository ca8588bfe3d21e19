// The workload of the BACE-Pipe study: eight models (two of them are not named in the paper and are ours) and three data
// sets, dealt to jobs at random. One micro-batch is one sequence of 2,048 tokens in bf16.

export interface StudyModel {
  readonly name: string;
  readonly parameters: number;
  readonly layers: number;
  readonly hiddenSize: number;
}

export const STUDY_MODELS: readonly StudyModel[] = [
  { name: "qwen2.5-14b", parameters: 14.7e9, layers: 48, hiddenSize: 5120 },
  { name: "qwen2.5-32b", parameters: 32.5e9, layers: 64, hiddenSize: 5120 },
  { name: "gemma-3-27b", parameters: 27.4e9, layers: 62, hiddenSize: 5376 },
  { name: "falcon-40b", parameters: 41.8e9, layers: 60, hiddenSize: 8192 },
  { name: "llama-3.1-70b", parameters: 70.6e9, layers: 80, hiddenSize: 8192 },
  { name: "flm-101b", parameters: 101e9, layers: 80, hiddenSize: 10_240 },
  { name: "yi-34b", parameters: 34.4e9, layers: 60, hiddenSize: 7168 },
  { name: "qwen2.5-72b", parameters: 72.7e9, layers: 80, hiddenSize: 8192 },
];

/** Tokens of one pass: Alpaca-52k, WikiText-103, OpenWebText. */
export const STUDY_TOKENS: readonly number[] = [13.1e6, 130e6, 9.5e9];

export const SEQUENCE_LENGTH = 2048;
/** Weights, gradients and optimizer state with bf16 gradients: 2 + 2 + 12. */
export const STATE_BYTES_PER_PARAMETER = 16;
