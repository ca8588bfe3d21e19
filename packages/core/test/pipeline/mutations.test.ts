/** Every kind of damage to a sound schedule is refused, whichever generator made it, in computation order and lowered. */

import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Action,
  type ActionKind,
  compileSchedule,
  generatorNames,
  generators,
  isCommunication,
  lowerSchedule,
  peerStage,
  rankOf,
  type Schedule,
  type ScheduleProblemCode,
  timeSchedule,
  validateSchedule,
} from "../../src/pipeline/index.ts";
import { timedSchedules, uniformTiming } from "./support/arbitraries.ts";
import { finishes } from "./support/finishes.ts";

type Variant = { readonly origin: string; readonly computed: Schedule; readonly lowered: Schedule };

const fromGenerators: fc.Arbitrary<Variant> = fc
  .record({
    name: fc.constantFrom(...generatorNames),
    ranks: fc.integer({ min: 1, max: 5 }),
    microbatches: fc.integer({ min: 1, max: 12 }),
    chunks: fc.integer({ min: 1, max: 3 }),
    latencySeconds: fc.constantFrom(0, 0.5, 3),
  })
  .filter(({ name, ...shape }) => generators[name].refuses?.(shape) === undefined)
  .map(({ latencySeconds, name, ...shape }) => {
    const computed = generators[name].build(shape);
    const { stages } = computed;
    const timing = uniformTiming({ stages, forward: 1, backward: 2, cutAfter: 0, latencySeconds });
    return asVariant(name, computed, timing);
  });

const atRandom: fc.Arbitrary<Variant> = timedSchedules.map(([schedule, timing]) =>
  asVariant("random", schedule, timing),
);

function asVariant(origin: string, computed: Schedule, timing: Parameters<typeof timeSchedule>[1]): Variant {
  return {
    origin,
    computed,
    lowered: lowerSchedule(timeSchedule(compileSchedule(computed), timing), "push"),
  };
}

/** A number from 0 to `below` - 1. */
type Pick = (below: number) => number;

/** The damaged schedule, and limits if it is they that it breaks; undefined where this one cannot be so damaged. */
type Damage = (
  variant: Variant,
  pick: Pick,
) => { readonly schedule: Schedule; readonly memoryCap?: readonly number[] } | undefined;

const isKind =
  (...wanted: readonly ActionKind[]) =>
  ({ kind }: Action) =>
    wanted.includes(kind);

type Place = { readonly rank: number; readonly position: number; readonly action: Action };

function somePlace(schedule: Schedule, pick: Pick, which: (action: Action) => boolean): Place | undefined {
  const places = schedule.ranks.flatMap((actions, rank) =>
    actions.flatMap((action, position) => (which(action) ? [{ rank, position, action }] : [])),
  );
  return places[pick(places.length)];
}

function withRank(schedule: Schedule, rank: number, actions: readonly Action[]): Schedule {
  return { ...schedule, ranks: schedule.ranks.map((old, at) => (at === rank ? actions : old)) };
}

function moved(schedule: Schedule, { action, position, rank }: Place, to: number): Schedule {
  const without = schedule.ranks[rank]!.toSpliced(position, 1);
  return withRank(schedule, rank, without.toSpliced(to, 0, action));
}

const either = ({ computed, lowered }: Variant, pick: Pick) => (pick(2) === 0 ? computed : lowered);

const blockOf: Readonly<Record<string, readonly ActionKind[]>> = {
  SEND_F: ["F"],
  RECV_F: ["F"],
  SEND_B: ["B", "I"],
  RECV_B: ["B", "I"],
};

/** Where the block stands that a send or receive is for. */
function blockPosition({ ranks }: Schedule, { action, rank }: Place): number {
  const { kind, microbatch, stage } = action;
  return ranks[rank]!.findIndex(
    (other) =>
      other.stage === stage && other.microbatch === microbatch && blockOf[kind]!.includes(other.kind),
  );
}

function peaks({ ranks }: Schedule): readonly number[] {
  const more = { F: 1, B: -1, I: -0.5, W: -0.5, SEND_F: 0, RECV_F: 0, SEND_B: 0, RECV_B: 0 };
  return ranks.map((actions) => {
    let [held, most] = [0, 0];
    for (const { kind } of actions) {
      held += more[kind];
      most = Math.max(most, held);
    }
    return most;
  });
}

const damages = {
  dropped: [
    "schedule/missing",
    (variant, pick) => {
      const schedule = either(variant, pick);
      const place = somePlace(schedule, pick, () => true)!;
      const actions = schedule.ranks[place.rank]!.toSpliced(place.position, 1);
      return { schedule: withRank(schedule, place.rank, actions) };
    },
  ],
  doubled: [
    "schedule/duplicate",
    (variant, pick) => {
      const schedule = either(variant, pick);
      const { action, rank } = somePlace(schedule, pick, () => true)!;
      const actions = schedule.ranks[rank]!;
      return { schedule: withRank(schedule, rank, actions.toSpliced(pick(actions.length + 1), 0, action)) };
    },
  ],
  "on a wrong rank": [
    "schedule/wrong-rank",
    (variant, pick) => {
      const schedule = either(variant, pick);
      const ranks = schedule.ranks.length;
      if (ranks === 1) return undefined;
      const { action, position, rank } = somePlace(schedule, pick, () => true)!;
      const other = (rank + 1 + pick(ranks - 1)) % ranks;
      const without = withRank(schedule, rank, schedule.ranks[rank]!.toSpliced(position, 1));
      return { schedule: withRank(without, other, [action, ...without.ranks[other]!]) };
    },
  ],
  "reordered against a dependency": [
    "schedule/deadlock",
    ({ computed }, pick) => {
      const place = somePlace(computed, pick, () => true)!;
      const schedule = moved(computed, place, pick(place.position + 1));
      return finishes(schedule) ? undefined : { schedule };
    },
  ],
  "over memory": [
    "schedule/over-memory",
    (variant, pick) => {
      const before = either(variant, pick);
      const place = somePlace(before, pick, isKind("F"))!;
      const schedule = moved(before, place, pick(place.position + 1));
      const memoryCap = peaks(before);
      return peaks(schedule)[place.rank]! > memoryCap[place.rank]! ? { schedule, memoryCap } : undefined;
    },
  ],
  "over memory as it stands": [
    "schedule/over-memory",
    (variant, pick) => {
      const schedule = either(variant, pick);
      const tight = pick(schedule.ranks.length);
      const memoryCap = peaks(schedule).map((peak, rank) => (rank === tight ? peak - 0.5 : peak));
      return memoryCap[tight]! < 0 ? undefined : { schedule, memoryCap };
    },
  ],
  "receives of a channel in another order": [
    "schedule/channel-order",
    ({ lowered }, pick) => {
      const place = somePlace(lowered, pick, isKind("RECV_F", "RECV_B"));
      if (!place) return undefined;
      const senderOf = ({ kind, microbatch, stage }: Action) =>
        isCommunication(kind) ? rankOf(lowered, peerStage(kind, stage), microbatch) : -1;
      const actions = lowered.ranks[place.rank]!;
      const others = actions.flatMap((action, position) =>
        action.kind.startsWith("RECV") &&
        position !== place.position &&
        senderOf(action) === senderOf(place.action)
          ? [position]
          : [],
      );
      if (others.length === 0) return undefined;
      const other = others[pick(others.length)]!;
      const swapped = actions.with(place.position, actions[other]!).with(other, place.action);
      return { schedule: withRank(lowered, place.rank, swapped) };
    },
  ],
  "send before its block": [
    "schedule/send-before-block",
    ({ lowered }, pick) => {
      const place = somePlace(lowered, pick, isKind("SEND_F", "SEND_B"));
      return place && { schedule: moved(lowered, place, pick(blockPosition(lowered, place) + 1)) };
    },
  ],
  "receive after its block": [
    "schedule/receive-after-use",
    ({ lowered }, pick) => {
      const place = somePlace(lowered, pick, isKind("RECV_F", "RECV_B"));
      if (!place) return undefined;
      const block = blockPosition(lowered, place);
      const rest = lowered.ranks[place.rank]!.length - block;
      return { schedule: moved(lowered, place, block + pick(rest)) };
    },
  ],
} as const satisfies Record<string, readonly [ScheduleProblemCode, Damage]>;

/** All forwards come first, so that none can be moved where it makes the peak higher. */
const holdsEverything = new Set<string>(["gpipe", "looped-bfs"]);

const kinds = Object.keys(damages) as (keyof typeof damages)[];

test("each kind of damage is refused for what it is, on every generator's schedules and on random ones", () => {
  const refused = Object.fromEntries(kinds.map((kind) => [kind, 0]));
  const origins = new Map<string, Set<string>>();
  fc.assert(
    fc.property(
      fc.oneof({ weight: 3, arbitrary: fromGenerators }, { weight: 1, arbitrary: atRandom }),
      fc.constantFrom(...kinds),
      fc.infiniteStream(fc.nat()),
      (variant, kind, numbers) => {
        expect(validateSchedule(variant.computed, { memoryCap: peaks(variant.computed) })).toEqual([]);
        expect(validateSchedule(variant.lowered, { memoryCap: peaks(variant.lowered) })).toEqual([]);
        const [code, damage]: readonly [ScheduleProblemCode, Damage] = damages[kind];
        const pick = (below: number) => (below === 0 ? 0 : numbers.next().value! % below);
        const damaged = damage(variant, pick);
        if (!damaged) return;
        const { schedule, ...limits } = damaged;
        expect(validateSchedule(schedule, limits).map((problem) => problem.code)).toContain(code);
        refused[kind]! += 1;
        origins.set(kind, (origins.get(kind) ?? new Set()).add(variant.origin));
      },
    ),
    { seed: 20251121, numRuns: 3000 },
  );
  for (const kind of kinds) {
    expect(refused[kind], kind).toBeGreaterThan(100);
    const everywhere = [...generatorNames, "random"].filter(
      (origin) => kind !== "over memory" || !holdsEverything.has(origin),
    );
    expect([...origins.get(kind)!].toSorted(), kind).toEqual(everywhere.toSorted());
  }
});
