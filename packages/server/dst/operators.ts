// Operators and feeds: regions are closed, drained and opened again, jobs held and released, GPUs come and go, and prices,
// carbon intensities and links are reported: right, old, doubled, or in a way that cannot be. When faults stop they open and
// release everything, and insist on it; a part of the GPUs is taken away once more for a time, for jobs to give way.
import type { Fleet } from "@bace-pipe/core";
import { randomStream } from "@bace-pipe/core";
import type { Faults } from "./faults.ts";
import type { Timeline } from "./timeline.ts";
import type { Wire } from "./wire.ts";

const EVERY_SECONDS = 12;
const ASK_AGAIN_SECONDS = 3;
const OLDEST_SECONDS = 20_000;
/** Runs in which somebody operates at all. */
const SHARE_OPERATED = 0.6;
/** For which a third of each region's GPUs, and at least one, is gone at the end. */
const SHORT_SECONDS = 300;
/** By when a request has arrived, or never will. */
const LATEST_SECONDS = 70;

interface Outside {
  readonly timeline: Timeline;
  readonly wire: Wire;
  readonly faults: Faults;
}

/** Resolves when everything is open again. @param jobs names of those that may be held */
export function operate(
  seed: number,
  fleet: Fleet,
  jobs: readonly string[],
  { faults, timeline, wire }: Outside,
  untilSeconds: number,
): { readonly finished: () => boolean } {
  const draw = randomStream(seed, "operators");
  const pick = <T>(from: readonly T[]): T => from[Math.floor(draw() * from.length)]!;
  const operated = draw() < SHARE_OPERATED;
  const held = new Set<string>();
  let finished = !operated;

  const insist = async (path: string, body: object, statuses: readonly number[]): Promise<void> => {
    for (;;) {
      const answer = await wire.ask("POST", path, body);
      if (answer && statuses.includes(answer.status)) return;
      await timeline.sleep(ASK_AGAIN_SECONDS);
    }
  };

  const input = (): object => {
    const { carbon: _, gpus, name } = pick(fleet.regions);
    const [a, b] = [name, pick(fleet.regions).name];
    const observedAtSeconds = wallSeconds(timeline) - OLDEST_SECONDS * Math.max(0, draw() - 0.5);
    const off = faults.happens("input-impossible") ? pick(IMPOSSIBLE) : 0.5 + draw();
    const times = (usual: number) => (typeof off === "number" ? usual * off : off);
    const at = faults.happens("input-without-time") ? {} : { observedAtSeconds };
    return pick([
      { kind: "capacity-changed", region: name, gpus: Math.floor(draw() * (gpus + 2)) },
      { kind: "price-changed", region: name, priceUsdPerKwh: times(0.15), ...at },
      { kind: "carbon-changed", region: name, carbonGramsPerKwh: times(300), ...at },
      { kind: "link-changed", from: a, to: b, bandwidthBitsPerSecond: times(1e9), ...at },
      { kind: "link-changed", from: a, to: b, latencySeconds: times(0.01), ...at },
    ]);
  };

  const act = (): void => {
    if (timeline.nowSeconds() > untilSeconds) return;
    const region = pick(fleet.regions).name;
    const job = pick(jobs);
    const [path, body] = pick<readonly [string, object]>([
      [`/v1/regions/${region}/cordon`, {}],
      [`/v1/regions/${region}/uncordon`, {}],
      [`/v1/regions/${region}/drain`, {}],
      [`/v1/jobs/${job}/hold`, {}],
      [`/v1/jobs/${job}/release`, {}],
      ...Array.from({ length: 4 }, () => ["/v1/inputs", { source: "simulated", inputs: [input()] }] as const),
    ]);
    if (path.endsWith("/hold")) held.add(job);
    void wire.ask("POST", path, body);
    timeline.after(EVERY_SECONDS * 2 * draw(), act);
  };

  const capacities = (left: (gpus: number) => number) => ({
    source: "simulated",
    inputs: fleet.regions.map(({ gpus, name }) => {
      return { kind: "capacity-changed", region: name, gpus: left(gpus) };
    }),
  });
  const short = (gpus: number) => Math.min(gpus - 1, Math.floor((2 * gpus) / 3));

  const reopen = async (): Promise<void> => {
    await insist("/v1/inputs", capacities(short), [200]);
    await timeline.sleep(LATEST_SECONDS);
    for (const { name } of fleet.regions) await insist(`/v1/regions/${name}/uncordon`, {}, [200]);
    for (const job of held) await insist(`/v1/jobs/${job}/release`, {}, [202, 404]);
    await timeline.sleep(SHORT_SECONDS - LATEST_SECONDS);
    const whole = capacities((gpus) => gpus);
    await insist("/v1/inputs", whole, [200]);
    finished = true;
  };

  if (operated) {
    act();
    // After the last request that is still on its way.
    timeline.after(untilSeconds + LATEST_SECONDS, () => void reopen());
  }
  return { finished: () => finished };
}

const IMPOSSIBLE = [-1, 0, 100.5, -1000, 1e300, null, "NaN", "", [], {}];

/** When virtual time begins, on the wall clock. */
export const EPOCH_SECONDS = 1_800_000_000;

function wallSeconds(timeline: Timeline): number {
  return EPOCH_SECONDS + timeline.nowSeconds();
}
