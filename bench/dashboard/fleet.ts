// A hundred regions over the world, each linked to each, as a scenario's text.
export const REGIONS = 100;
const GPUS = 32;
const GOLDEN_ANGLE = 180 * (3 - Math.sqrt(5));

const nameOf = (i: number) => `r${String(i).padStart(2, "0")}`;

/** Spread evenly, without the poles. */
function region(i: number): string {
  const latitude = (-40 + (100 * (i + 0.5)) / REGIONS).toFixed(1);
  const longitude = (((i * GOLDEN_ANGLE) % 360) - 180).toFixed(1);
  const price = (0.05 + (0.2 * ((i * 37) % REGIONS)) / REGIONS).toFixed(3);
  return `  - {name: ${nameOf(i)}, gpuType: slot, gpus: ${GPUS}, priceUsdPerKwh: ${price}, latitude: ${latitude}, longitude: ${longitude}}`;
}

function linksFrom(i: number): readonly string[] {
  return Array.from({ length: REGIONS - i - 1 }, (_, j) => {
    const to = nameOf(i + j + 1);
    return `  - {from: ${nameOf(i)}, to: ${to}, both: true, bandwidthBitsPerSecond: 10 Gbit/s, latencySeconds: 10 ms}`;
  });
}

export function hundredRegions(): string {
  const all = Array.from({ length: REGIONS }, (_, i) => i);
  return `
version: 1
name: hundred-regions
gpuTypes:
  slot: {peakFlopsPerSecond: 2e9, memoryBytes: 1 GB, busyWatts: 300 W, idleWatts: 30 W, emulated: true}
regions:
${all.map(region).join("\n")}
links:
${all.flatMap(linksFrom).join("\n")}
`;
}
