// What the pages Simulate and Schedules put into an address, and take from one that anybody may have written.
import fc from "fast-check";
import { expect, test } from "vitest";
import { FIELDS, PRESET, parametersOf, queryOf } from "../src/pages/schedules/parameters.ts";
import { EXAMPLES } from "../src/pages/simulate/examples.ts";
import { MOST_LINK_CHARACTERS, packed, unpacked } from "../src/pages/simulate/link.ts";
import { settingsOf, queryOf as settingsQuery } from "../src/pages/simulate/settings.ts";

test("a scenario comes out of its link as it went in", async () => {
  for (const { text } of EXAMPLES) {
    const link = await packed(text);
    expect(link).toMatch(/^[\w-]+$/);
    expect(link.length).toBeLessThan(MOST_LINK_CHARACTERS / 4);
    expect(await unpacked(link)).toBe(text);
  }
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "grapheme", maxLength: 300 }), async (text) => {
      expect(await unpacked(await packed(text))).toBe(text);
    }),
    { numRuns: 50 },
  );
});

test("what was never packed, was cut off, or unfolds without end is no scenario", async () => {
  const link = await packed(EXAMPLES[0]!.text);
  expect(await unpacked("%%%")).toBeUndefined();
  expect(await unpacked("AAAA")).toBeUndefined();
  expect(await unpacked(link.slice(0, link.length / 2))).toBeUndefined();
  const bomb = await packed("x".repeat(5_000_000));
  expect(bomb.length).toBeLessThan(MOST_LINK_CHARACTERS);
  expect(await unpacked(bomb)).toBeUndefined();
});

test("settings come out of an address as they went in, and presets where it is wrong", () => {
  const settings = { policies: ["lcf", "bace"], seed: 42, timeModel: "serial" } as const;
  expect(settingsOf(new URLSearchParams(settingsQuery(settings)))).toEqual(settings);
  const wrong = settingsOf(new URLSearchParams("policy=none,<b>&seed=-1&time-model=fast"));
  expect(wrong).toEqual(settingsOf(new URLSearchParams()));
  expect(wrong).toMatchObject({ seed: 1, timeModel: undefined });
});

test("a pipeline's figures likewise", () => {
  const parameters = { ...PRESET, stages: 4, cut: 1, gbps: 0.25 };
  expect(parametersOf(new URLSearchParams(queryOf(parameters, ["1f1b"])))).toEqual(parameters);
  const wrong = "stages=-3&microbatches=1e9&cut=NaN&latencyMs=&gbps=Infinity&forwardMs=0";
  expect(parametersOf(new URLSearchParams(wrong))).toEqual(PRESET);
  expect(FIELDS.map(({ name }) => name).sort()).toEqual(Object.keys(PRESET).sort());
});
