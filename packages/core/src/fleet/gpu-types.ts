// GPU types: what the cost model needs to know of an accelerator, and a table of common ones.
// Peak is dense bf16 with fp32 accumulation (sparse marketing figures are twice that). Memory is the decimal figure
// of the data sheet; drivers report the same number in GiB, 7 % more, which is left as a reserve. Busy power is the
// board's rating: heavy training was seen near 76 % of a node's rating, so energy from ratings is an upper estimate.
// Idle power is an input: the defaults are single nvidia-smi or npu-smi readings of one device with nothing running.
// A process that merely holds memory keeps the clocks up: 110 W on an A40, 140 W on an H100, 190 W on a B200.
// Left out: memory bandwidth, interconnects inside a node, power of the host.

export interface GpuType {
  readonly name: string;
  /** Dense bf16. */
  readonly peakFlopsPerSecond: number;
  readonly memoryBytes: number;
  /** Of the board, under load. */
  readonly busyWatts: number;
  /** Of the board, with no process on it. */
  readonly idleWatts: number;
  /** Where the figures come from; a scenario's own types need none. */
  readonly source?: string;
  /** Not a device: the worker computes on a CPU and waits until the time such a GPU would have taken has passed. */
  readonly emulated?: boolean;
}

const TERA = 1e12;
const GB = 1e9;

const TABLE: readonly GpuType[] = [
  {
    name: "A6000",
    peakFlopsPerSecond: 154.8 * TERA,
    memoryBytes: 48 * GB,
    busyWatts: 300,
    idleWatts: 30,
    source:
      "NVIDIA RTX A6000 data sheet, 309.7 TFLOP/s sparse; idle: an A40, the same chip (open-gpu-kernel-modules #874)",
  },
  {
    name: "A100-80GB",
    peakFlopsPerSecond: 312 * TERA,
    memoryBytes: 80 * GB,
    busyWatts: 400,
    idleWatts: 60,
    source: "NVIDIA A100 SXM data sheet; idle: no reading at hand, taken between A40 and H200",
  },
  {
    name: "H100",
    peakFlopsPerSecond: 989 * TERA,
    memoryBytes: 80 * GB,
    busyWatts: 700,
    idleWatts: 75,
    source: "NVIDIA H100 SXM data sheet; idle: as H200, the same chip",
  },
  {
    name: "H200",
    peakFlopsPerSecond: 989 * TERA,
    memoryBytes: 141 * GB,
    busyWatts: 700,
    idleWatts: 75,
    source: "NVIDIA H200 SXM data sheet; idle: published readings of 73.7 and 80.3 W",
  },
  {
    name: "B200",
    peakFlopsPerSecond: 2250 * TERA,
    memoryBytes: 180 * GB,
    busyWatts: 1000,
    idleWatts: 140,
    source: "NVIDIA HGX B200 data sheet; idle: our estimate, below the 192 W read with a model in memory",
  },
  {
    name: "910B",
    peakFlopsPerSecond: 313 * TERA,
    memoryBytes: 64 * GB,
    busyWatts: 310,
    idleWatts: 90,
    source:
      "Ascend 910B has variants of 256 to 376 TFLOP/s: set your own; idle: 88 to 91 W on a 910B4 (HAMi-WebUI #47)",
  },
];

/** The built-in table by name. A scenario's `gpuTypes` add to it or override it. */
export const GPU_TYPES: ReadonlyMap<string, GpuType> = new Map(TABLE.map((type) => [type.name, type]));
