// Tenants, classes and inputs as people write them.
import { expect, it } from "vitest";
import { parseInputs, parseJobs, parseScenario } from "../../src/spec/index.ts";

const scenario = (more: string, job = "") => `version: 1
name: one
regions:
  - {name: east, gpuType: A6000, gpus: 8, priceUsdPerKwh: 0.2}
tenants:
  - {name: lab, gpuQuota: 4, usdPerDayQuota: 10, weight: 2}
  - {name: shop}
priorityClasses:
  - {name: urgent, value: 10, mayPreempt: true}
${more}jobs:
  - {name: a, forwardSeconds: 1, backwardSeconds: 2, activationBytes: 1 MB, microbatches: 8, iterations: 10, tenant: lab${job}}
`;
const complaints = (text: string) => {
  const parsed = parseScenario(text, "fleet.yaml");
  return parsed.ok ? [] : parsed.diagnostics.map(({ code, field, hint }) => [code, field, hint]);
};

it("tenants and classes come with the fleet, with defaults", () => {
  const parsed = parseScenario(scenario("", ", priorityClass: urgent"), "fleet.yaml");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
  const { fleet, jobs } = parsed.value;
  expect(fleet.tenants).toEqual([
    { name: "lab", gpuQuota: 4, usdPerDayQuota: 10, weight: 2 },
    { name: "shop", weight: 1 },
  ]);
  expect(fleet.priorityClasses).toEqual([
    { name: "urgent", value: 10, mayPreempt: true, preemptible: false },
  ]);
  expect(jobs[0]).toMatchObject({ tenant: "lab", priorityClass: "urgent" });
});

it("a fleet without them has neither field", () => {
  const text = scenario("")
    .replace(/tenants:[\s\S]*?jobs:/, "jobs:")
    .replace(", tenant: lab", "");
  const parsed = parseScenario(text, "fleet.yaml");
  expect(parsed.ok && Object.keys(parsed.value.fleet)).toEqual(["name", "regions", "links"]);
});

it("a tenant that is not listed is refused: a slip of the pen must not get around a quota", () => {
  const wrong = scenario("").replace("tenant: lab", "tenant: labb");
  expect(complaints(wrong)).toEqual([["unknown-tenant", "jobs[0].tenant", 'did you mean "lab"?']]);
  const parsed = parseScenario(scenario(""), "fleet.yaml");
  if (!parsed.ok) throw new Error("was refused");
  const job =
    "{name: b, forwardSeconds: 1, backwardSeconds: 2, activationBytes: 1 MB, microbatches: 8, iterations: 1}";
  const submitted = parseJobs(job, "job.yaml", parsed.value.fleet);
  expect(submitted.ok ? [] : submitted.diagnostics.map(({ code }) => code)).toEqual(["unknown-tenant"]);
});

it.each([
  [
    "a class that is not there",
    scenario("", ", priorityClass: urgnet"),
    ["unknown-class", "jobs[0].priorityClass"],
  ],
  ["a tenant twice", scenario("").replace("name: shop", "name: lab"), ["duplicate-name", "tenants[1].name"]],
  [
    "a weight of nothing",
    scenario("").replace("weight: 2", "weight: 0"),
    ["invalid-field", "tenants[0].weight"],
  ],
  [
    "a quota below nothing",
    scenario("").replace("gpuQuota: 4", "gpuQuota: -4"),
    ["invalid-field", "tenants[0].gpuQuota"],
  ],
])("%s is refused", (_, text, expected) => {
  expect(complaints(text)[0]?.slice(0, 2)).toEqual(expected);
});

it("a file of inputs says where its figures come from, and when they were observed if it was not when it was written", () => {
  const text = `version: 1
source: feed
prices:
  - {region: east, priceUsdPerKwh: 90 USD/MWh}
  - {region: west, priceUsdPerKwh: -0.01, observedAtSeconds: 7}
links:
  - {from: east, to: west, both: true, bandwidthBitsPerSecond: 2 Gbit/s}
`;
  const parsed = parseInputs(text, "inputs.yaml", 100);
  const link = { kind: "link-changed", bandwidthBitsPerSecond: 2e9, source: "feed", observedAtSeconds: 100 };
  expect(parsed).toEqual({
    ok: true,
    value: [
      { kind: "price-changed", region: "east", priceUsdPerKwh: 0.09, source: "feed", observedAtSeconds: 100 },
      { kind: "price-changed", region: "west", priceUsdPerKwh: -0.01, source: "feed", observedAtSeconds: 7 },
      { ...link, from: "east", to: "west" },
      { ...link, from: "west", to: "east" },
    ],
  });
});

it("a file of inputs that is wrong is refused with its place", () => {
  const parsed = parseInputs("version: 1\nsource: feed\nlinks: [{from: a, to: b}]\n", "inputs.yaml", 0);
  expect(parsed.ok ? undefined : parsed.diagnostics[0]).toMatchObject({
    ...{ code: "invalid-field", line: 3, field: "links[0]" },
  });
});
