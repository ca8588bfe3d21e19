// Why a job was moved, or was not, in the words that every surface shows.
import { describe, expect, it } from "vitest";
import { type ReplanWhy, replanText, type StayWhy, stayText } from "../../src/scheduler/explain.ts";

describe("why a job was moved", () => {
  const said: readonly [string, ReplanWhy, string][] = [
    [
      "a link, in a log that knew no other reason",
      {
        ...{ action: "move", step: 40, from: "oslo", to: "rome", measuredBitsPerSecond: 12e6 },
        ...{ lowBitsPerSecond: 80e6, highBitsPerSecond: null, gainSeconds: 7200, costSeconds: 60 },
      },
      "moved at step 40: oslo → rome carried 12 Mbit/s, the schedule was chosen for 80 Mbit/s or more; gain 2 h for a cost of 60 s",
    ],
    [
      "a price, and it takes longer there",
      {
        ...{ trigger: "price", action: "move", step: 7, from: ["oslo", "rome"], to: ["bern"] },
        ...{ gainUsd: 12, costUsd: 0.5, gainSeconds: -600, costSeconds: 60 },
      },
      "moved at step 7 for cheaper electricity, oslo → rome to bern: gain 12 USD for a cost of 0.5 USD; what was left takes 10 min longer, and 60 s go for the move",
    ],
    [
      "GPUs that are gone",
      {
        ...{ trigger: "capacity", action: "move", step: 7, region: "oslo", gpus: 1, heldGpus: 4 },
        ...{ costSeconds: 60, costUsd: 0.1 },
      },
      "moved at step 7: oslo has 1 GPU left, and jobs held 4",
    ],
  ];
  it.each(said)("%s", (_, why, text) => expect(replanText(why)).toBe(text));
});

describe("why a job stayed", () => {
  const figures = { presentUsd: 4, mostUsd: 1, gainUsd: 0.5, costUsd: 0.4, gainSeconds: 0, costSeconds: 60 };
  const said: readonly [StayWhy["because"], RegExp][] = [
    ["price", /are left, of which no place saves more than 1 USD$/],
    ["policy", /cheaper places are not to be had now$/],
    ["gain", /elsewhere 0\.5 USD less, for a cost of 0\.4 USD, and that must be twice the cost/],
    ["time", /more than a fifth longer$/],
    ["deadline", /it would miss its deadline$/],
  ];
  it.each(said)("%s", (because, text) => {
    expect(stayText({ because, ...figures })).toMatch(/^Prices moved, and it stays: 4 USD of electricity/);
    expect(stayText({ because, ...figures })).toMatch(text);
  });
});
