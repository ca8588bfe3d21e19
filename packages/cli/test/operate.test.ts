// Commands of operators, as the service hears them.
import { describe, expect, test } from "vitest";
import { fakeService, problem } from "./support/fake-service.ts";
import { bace, type Outside } from "./support/recorder.ts";
import { jobView, REGIONS } from "./support/views.ts";

async function ask(
  answers: Readonly<Record<string, object>>,
  args: readonly string[],
  outside: Outside = {},
) {
  const { asked, bodies, url } = await fakeService(answers);
  return { ...(await bace([...args, "--server", url], outside)), asked, bodies };
}
const frankfurt = REGIONS[0]!;

test.each([
  ["drain", "frankfurt: being drained; jobs hold 2 of its 3 GPUs\n"],
  ["cordon", "frankfurt: cordoned: no new jobs are placed there; jobs hold 2 of its 3 GPUs\n"],
  ["uncordon", "frankfurt: open; jobs hold 2 of its 3 GPUs\n"],
])("%s: says what jobs still hold there", async (verb, text) => {
  const { asked, exitCode, out } = await ask({ [`POST /v1/regions/frankfurt/${verb}`]: frankfurt }, [
    verb,
    "frankfurt",
  ]);
  expect(exitCode).toBe(0);
  expect(asked).toEqual([`POST /v1/regions/frankfurt/${verb}`]);
  expect(out).toBe(text);
});

test("drain: a region that is not there is named, with the nearest that is", async () => {
  const answers = {
    "POST /v1/regions/frankfrut/drain": problem(404, "unknown-region", "there is no region"),
    "GET /v1/regions": { fleet: "f", nowSeconds: 0, regions: REGIONS },
  };
  const { err, exitCode } = await ask(answers, ["drain", "frankfrut"]);
  expect(exitCode).toBe(2);
  expect(err).toContain('did you mean "frankfurt"?');
});

describe("a region by the path of its infrastructure", () => {
  const regions = [
    { ...frankfurt, infrastructure: "slurm/frankfurt/gpu" },
    { ...frankfurt, name: "tokyo", infrastructure: "local/tokyo" },
  ];
  const answers = {
    "POST /v1/regions/frankfurt/cordon": frankfurt,
    "GET /v1/regions": { fleet: "f", nowSeconds: 0, regions },
  };

  test.each(["slurm/frankfurt/gpu", "slurm/frankfurt"])("%s", async (path) => {
    const { asked, exitCode } = await ask(answers, ["cordon", path]);
    expect([exitCode, asked.at(-1)]).toEqual([0, "POST /v1/regions/frankfurt/cordon"]);
  });

  test.each([
    ["local/frankfurt", "slurm/frankfurt/gpu"],
    ["slurm/frankfurt/cpu", "slurm/frankfurt/gpu"],
    ["local/tokio", "local/tokyo"],
  ])("%s is none, and nothing happens", async (path, near) => {
    const { asked, err, exitCode } = await ask(answers, ["cordon", path]);
    expect([exitCode, asked]).toEqual([2, ["GET /v1/regions"]]);
    expect(err).toContain(near);
  });

  test("is shown by `bace regions -o wide`", async () => {
    expect((await ask(answers, ["regions", "-o", "wide"])).out).toMatch(
      /^frankfurt +slurm\/frankfurt\/gpu /m,
    );
  });
});

test("hold and release: say what becomes of the job", async () => {
  const held = jobView({ id: "a", phase: "stopping", held: true });
  const answers = {
    "POST /v1/jobs/a/hold": held,
    "POST /v1/jobs/a/release": jobView({ id: "a", phase: "queued" }),
  };
  expect((await ask(answers, ["hold", "a"])).out).toBe("a: held, stopping now\n");
  expect((await ask(answers, ["release", "a"])).out).toBe("a: queued now\n");
});

test("inputs set: flags take units, and figures without a time are observed when the service hears of them", async () => {
  const answers = { "POST /v1/inputs": { changed: 5, unchanged: 0 } };
  const { bodies, exitCode, out } = await ask(answers, [
    ...["inputs", "set", "--source", "iperf3", "--price", "frankfurt=90 USD/MWh", "--gpus", "tokyo=8"],
    ...["--carbon", "tokyo=410", "--bandwidth", "frankfurt:tokyo=2 Gbit/s"],
    ...["--latency", "tokyo:frankfurt=120 ms"],
  ]);
  expect([exitCode, out]).toEqual([0, "5 changed\n"]);
  const link = { kind: "link-changed" };
  expect(bodies).toEqual([
    {
      source: "iperf3",
      inputs: [
        { kind: "capacity-changed", region: "tokyo", gpus: 8 },
        { kind: "price-changed", region: "frankfurt", priceUsdPerKwh: 0.09 },
        { kind: "carbon-changed", region: "tokyo", carbonGramsPerKwh: 410 },
        { ...link, from: "frankfurt", to: "tokyo", bandwidthBitsPerSecond: 2e9 },
        { ...link, from: "tokyo", to: "frankfurt", latencySeconds: 0.12 },
      ],
    },
  ]);
});

test("inputs set: a file is checked before anything is sent, and keeps its times", async () => {
  const text =
    "version: 1\nsource: feed\nobservedAtSeconds: 50\nprices:\n  - {region: a, priceUsdPerKwh: much}\n";
  const answers = { "POST /v1/inputs": { changed: 0, unchanged: 1 } };
  const wrong = await ask(answers, ["inputs", "set", "-"], { input: text });
  expect([wrong.exitCode, wrong.asked]).toEqual([2, []]);
  expect(wrong.err).toContain("priceUsdPerKwh: much");
  const right = await ask(answers, ["inputs", "set", "-"], { input: text.replace("much", "0.2") });
  expect(right.out).toBe("0 changed, 1 known already or older than what is known\n");
  const said = { kind: "price-changed", region: "a", priceUsdPerKwh: 0.2, observedAtSeconds: 50 };
  expect(right.bodies).toEqual([{ source: "feed", inputs: [said] }]);
});

test.each([
  [["inputs", "set"], "no-inputs"],
  [["inputs", "set", "file.yaml", "--gpus", "a=1"], "no-inputs"],
  [["inputs", "set", "--bandwidth", "a=1"], "invalid-link"],
])("%j is refused before anything is sent", async (args, code) => {
  const { asked, err, exitCode } = await ask({}, args);
  expect([exitCode, asked]).toEqual([2, []]);
  expect(err).toContain(code);
});
