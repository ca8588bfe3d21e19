// What a GPU type brings besides its peak: memory bandwidth, link inside a node, and whose measured shares it takes.
// Data-sheet figures. Only Ampere and Hopper have public rows enough to fit; older parts and others without rows take
// Ampere's shares, newer ones Hopper's. A type that is not in the table is taken as Hopper with bytes in proportion.

/** A GPU as the time model needs it; core's GpuType is one. */
export interface Gpu {
  readonly name: string;
  /** Dense bf16. */
  readonly peakFlopsPerSecond: number;
}

export interface GpuHardware {
  /** Dense bf16, where a measured row does not name its own. */
  readonly peakFlopsPerSecond: number;
  readonly memoryBytesPerSecond: number;
  /** Inside a node, one direction. */
  readonly linkBytesPerSecond: number;
  readonly gpusPerNode: number;
  readonly generation: "ampere" | "hopper";
}

/** Between nodes, per GPU: one 200 Gbit/s adapter each, as most published clusters have. */
export const NETWORK_BYTES_PER_SECOND = 25e9;

const TERA = 1e12;

function hardware(
  generation: GpuHardware["generation"],
  peak: number,
  memory: number,
  linkGigabytes: number,
  gpusPerNode = 8,
): GpuHardware {
  return {
    generation,
    peakFlopsPerSecond: peak * TERA,
    memoryBytesPerSecond: memory * TERA,
    linkBytesPerSecond: linkGigabytes * 1e9,
    gpusPerNode,
  };
}

/** First match wins. */
const TABLE: readonly (readonly [RegExp, GpuHardware])[] = [
  [/a6000/i, hardware("ampere", 154.8, 0.768, 25)],
  [/a100.*40/i, hardware("ampere", 312, 1.555, 300)],
  [/a100/i, hardware("ampere", 312, 2.039, 300)],
  [/a800/i, hardware("ampere", 312, 2.039, 200)],
  [/h100.*hbm2e/i, hardware("hopper", 989, 2.4, 450)],
  [/h100|h800/i, hardware("hopper", 989, 3.35, 450)],
  [/gh-?(200|96)/i, hardware("hopper", 989, 4.0, 450, 4)],
  [/h200/i, hardware("hopper", 989, 4.8, 450)],
  [/gb[23]00/i, hardware("hopper", 2500, 8, 900, 72)],
  [/b[23]00/i, hardware("hopper", 2250, 8, 900)],
  [/910b/i, hardware("ampere", 313, 1.6, 196)],
];

export function knownHardware(name: string): GpuHardware | undefined {
  return TABLE.find(([pattern]) => pattern.test(name))?.[1];
}

export function hardwareOf({ name, peakFlopsPerSecond }: Gpu): GpuHardware {
  const known = knownHardware(name);
  if (known) return { ...known, peakFlopsPerSecond };
  return {
    peakFlopsPerSecond,
    memoryBytesPerSecond: peakFlopsPerSecond / 300,
    linkBytesPerSecond: peakFlopsPerSecond / 2200,
    gpusPerNode: 8,
    generation: "hopper",
  };
}
