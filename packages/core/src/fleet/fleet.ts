// A fleet: regions with GPUs of one type each and an electricity tariff, and directed links between them.
// Regions are referred to by index inside the program and by name at its border. A pair of regions without a link
// in both directions cannot be neighbours in a pipeline: activations go one way, gradients the other.
import type { GpuType } from "./gpu-types.ts";
import type { Series } from "./series.ts";
import type { SlurmSettings } from "./slurm.ts";
import type { PriorityClass, Tenant } from "./tenancy.ts";

export interface Region {
  readonly name: string;
  readonly gpuType: GpuType;
  readonly gpus: number;
  /** USD per kWh. */
  readonly tariff: Series;
  /** Grams of CO2 equivalent per kWh; absent where nobody says. */
  readonly carbon?: Series;
  /** Power usage effectiveness: facility power over IT power, ≥ 1. */
  readonly pue: number;
  readonly latitude?: number;
  readonly longitude?: number;
  /** What one GPU can send to others of the region; see `interconnectBitsPerSecondOf`. */
  readonly interconnectBitsPerSecond?: number;
  /** Of one busy GPU as it was measured there; the type's where absent. */
  readonly measuredBusyWatts?: number;
  /** What launches on this machine are started with, such as `ip netns exec NAME`; directly where absent. */
  readonly commandPrefix?: readonly string[];
  /** Where launches are jobs of a Slurm cluster; processes of the service's machine where absent. */
  readonly slurm?: SlurmSettings;
}

export interface Link {
  /** Index of the sending region. */
  readonly from: number;
  /** Index of the receiving region. */
  readonly to: number;
  /** Whole bits per second: reservations are integers, so that reserve and release balance exactly. */
  readonly bandwidthBitsPerSecond: number;
  /** One way. */
  readonly latencySeconds: number;
  readonly egressUsdPerGb: number;
  /** Connections that fill it, as somebody has measured; the worker's plan counts them where nobody has. */
  readonly streams?: number;
}

/** What carries out a region's launches, as a path: `local/NAME`, `slurm/NAME` or `slurm/NAME/PARTITION`. */
export function infrastructureOf({ name, slurm }: Pick<Region, "name" | "slurm">): string {
  if (!slurm) return `local/${name}`;
  return slurm.partition === undefined ? `slurm/${name}` : `slurm/${name}/${slurm.partition}`;
}

/**
 * What a job gets of a link. `reserve`: what was reserved for it, neither more nor less (the worker shapes its traffic).
 * `share`: reservations only decide who is admitted; all jobs on a link then get equal parts of its capacity.
 */
export const LINK_MODELS = ["reserve", "share"] as const;
export type LinkModel = (typeof LINK_MODELS)[number];

export interface Fleet {
  readonly name: string;
  readonly regions: readonly Region[];
  readonly links: readonly Link[];
  /** `reserve` where absent. */
  readonly linkModel?: LinkModel;
  /** Of a fleet that trains. Where absent the worker emulates links if every region's GPU type is emulated. */
  readonly network?: "real" | "emulated";
  /** Whose jobs may use how much of it; without a list anybody's, all of it. */
  readonly tenants?: readonly Tenant[];
  readonly priorityClasses?: readonly PriorityClass[];
}

/** Whether the worker has to emulate rate and delay of the links. */
export function emulatesLinks({ network, regions }: Fleet): boolean {
  return network === undefined ? regions.every(({ gpuType }) => gpuType.emulated) : network === "emulated";
}

/** Dense view of a fleet's links for inner loops: row-major R × R matrices, 0 where there is no link. */
export interface Topology {
  readonly regionCount: number;
  readonly bandwidthBitsPerSecond: Float64Array;
  readonly latencySeconds: Float64Array;
  readonly egressUsdPerGb: Float64Array;
  /** 0 also where nobody has measured it. */
  readonly streams: Float64Array;
}

const topologies = new WeakMap<Fleet, Topology>();

/** The fleet's matrices; computed once per fleet value. */
export function topologyOf(fleet: Fleet): Topology {
  const known = topologies.get(fleet);
  if (known) return known;
  const regionCount = fleet.regions.length;
  const bandwidthBitsPerSecond = new Float64Array(regionCount * regionCount);
  const latencySeconds = new Float64Array(regionCount * regionCount);
  const egressUsdPerGb = new Float64Array(regionCount * regionCount);
  const streams = new Float64Array(regionCount * regionCount);
  for (const link of fleet.links) {
    bandwidthBitsPerSecond[link.from * regionCount + link.to] = link.bandwidthBitsPerSecond;
    latencySeconds[link.from * regionCount + link.to] = link.latencySeconds;
    egressUsdPerGb[link.from * regionCount + link.to] = link.egressUsdPerGb;
    streams[link.from * regionCount + link.to] = link.streams ?? 0;
  }
  const topology = { regionCount, bandwidthBitsPerSecond, latencySeconds, egressUsdPerGb, streams };
  topologies.set(fleet, topology);
  return topology;
}

export function totalGpus(fleet: Fleet): number {
  return fleet.regions.reduce((sum, region) => sum + region.gpus, 0);
}

/** Of one GPU, over the types that have any: what fits there fits everywhere. */
export function smallestMemoryBytes(fleet: Fleet): number {
  const populated = fleet.regions.filter(({ gpus }) => gpus > 0);
  return Math.min(
    ...(populated.length > 0 ? populated : fleet.regions).map(({ gpuType }) => gpuType.memoryBytes),
  );
}

/** An assumption: one 400 Gbit/s network card per GPU, as DGX H100 and its likes have. */
const USUAL_INTERCONNECT_BITS_PER_SECOND = 400e9;

/** What one GPU of a region can send to others there, in another node if need be. */
export function interconnectBitsPerSecondOf({ interconnectBitsPerSecond }: Region): number {
  return interconnectBitsPerSecond ?? USUAL_INTERCONNECT_BITS_PER_SECOND;
}

/** Watts of one busy GPU of a region, facility overhead included. */
export function busyFacilityWatts(region: Region): number {
  return (region.measuredBusyWatts ?? region.gpuType.busyWatts) * region.pue;
}

/** Watts of one GPU of a region that nobody uses, facility overhead included. */
export function idleFacilityWatts(region: Region): number {
  return region.gpuType.idleWatts * region.pue;
}
