// GPUs as a cluster counts them, beside what its file and operators say: the least counts.
import { expect, it } from "vitest";
import type { Fact } from "../../src/control/event.ts";
import { fromSnapshot, toSnapshot } from "../../src/control/state.ts";
import { fleetOf, jobOf } from "../support/fleets.ts";
import { planeOf } from "../support/operations.ts";

const SLURM = { folder: "/shared", python: "python3", gpuGres: "gpu", extraOptions: [] };
const plain = fleetOf([{ gpus: 8 }, { gpus: 8 }], () => 1);
const fleet = { ...plain, regions: plain.regions.map((region) => ({ ...region, slurm: SLURM })) };
const counted = (gpus: number, observedAtSeconds: number): Fact => ({
  ...{ kind: "capacity-counted", region: "r0", gpus, source: "slurm", observedAtSeconds },
});
const said = (gpus: number): Fact => ({ kind: "capacity-changed", region: "r0", gpus });

function planeWith(...facts: readonly Fact[]) {
  const plane = planeOf();
  plane.at(0, { kind: "fleet-loaded", fleet });
  for (const [i, fact] of facts.entries()) plane.at(i + 1, fact);
  return plane;
}
const gpusAfter = (...facts: readonly Fact[]) => planeWith(...facts).state().fleet!.regions[0]!.gpus;

it.each<[string, readonly Fact[], number]>([
  ["nodes go", [counted(4, 1)], 4],
  ["nodes come back", [counted(4, 1), counted(8, 2)], 8],
  ["more than the file says are no news", [counted(16, 1)], 8],
  ["an operator's word is not overruled upwards", [said(6), counted(8, 2)], 6],
  ["an operator's word is, downwards", [said(6), counted(2, 2)], 2],
  ["an operator cannot say more than is there", [counted(4, 1), said(12)], 4],
  ["an older count does not replace a younger one", [counted(4, 1), counted(8, 0.5)], 4],
  ["half a GPU is none", [counted(3.5, 1)], 8],
])("%s", (_, facts, gpus) => {
  expect(gpusAfter(...facts)).toBe(gpus);
});

it("a fleet that is loaded again keeps it, unless its cluster is another one", () => {
  const plane = planeWith(counted(4, 1));
  const loaded = (slurm: object, gpus = 8) => ({
    ...{ kind: "fleet-loaded" as const },
    fleet: {
      ...fleet,
      regions: fleet.regions.map((region) => ({ ...region, gpus, slurm: { ...SLURM, ...slurm } })),
    },
  });
  plane.at(10, loaded({}, 6));
  expect(plane.state().fleet!.regions[0]!.gpus).toBe(4);
  plane.at(20, loaded({ capacity: "file" }));
  expect(plane.state().fleet!.regions[0]!.gpus).toBe(8);
});

it("a job that does not fit meanwhile waits, and starts when the nodes are back", () => {
  const plane = planeWith(counted(1, 1), { ...counted(1, 1), region: "r1" } as Fact);
  plane.at(10, { kind: "submitted", job: jobOf("a", { minGpus: 8, maxGpus: 8 }) });
  expect(plane.state().jobs.get("a")!.phase).toBe("queued");
  expect(fromSnapshot(toSnapshot(plane.state())).fleet).toEqual(plane.state().fleet);
  plane.at(20, counted(8, 20));
  expect(plane.state().jobs.get("a")!.phase).toBe("starting");
});
