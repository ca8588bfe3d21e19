import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { bace, ROOT } from "./support/recorder.ts";

const HEADER =
  "source_id,layers,hidden,heads,vocab,seq_len,gpu,num_gpus,tp,gbs_seq,mbs,recompute,iter_time_s,precision";
// MPT on 8 GPUs of a system that is slower than most.
const ROWS = `${HEADER}
mine,32,4096,32,50368,2048,A100,8,1,384,12,full,34.1,bf16
mine,32,2560,20,50368,2048,A100,8,1,320,5,none,9.9,bf16
mine,24,2048,16,50368,2048,H100,8,1,112,14,none,0.7,bf16
`;
const calibrate = (input: string, ...more: string[]) => bace(["calibrate", "-", ...more], { input });

describe("bace calibrate", () => {
  test("says per GPU type and source how far the model was off, and what to write into a scenario", async () => {
    const { exitCode, out, err } = await calibrate(ROWS);
    expect(exitCode).toBe(0);
    expect(err).toContain("ffn is empty in 3 rows, this the first: 4 × hidden is taken");
    expect(out).toMatch(/^GPU +SOURCE +ROWS +BEFORE +P90 +AFTER +P90 +HELD OUT +P90$/m);
    expect(out).toMatch(/^A100 +mine +2 +\d/m);
    expect(out).toMatch(/^H100 +mine +1 +\d.*–$/m);
    expect(out).toMatch(/^# {3}slowdown 1 → 1\.\d+$/m);
    expect(out.match(/^efficiency: 0\.\d\d$/gm)).toHaveLength(2);
  });

  test("gives all of it as data", async () => {
    const json = JSON.parse((await calibrate(ROWS, "-o", "json")).out);
    expect(json.systems).toHaveLength(2);
    expect(json.systems[0]).toMatchObject({
      gpu: "A100",
      source: "mine",
      terms: { slowdown: expect.any(Number), ampereMatrixShare: expect.any(Number) },
      before: { count: 2, mean: expect.any(Number), p90: expect.any(Number) },
      efficiency: { median: expect.any(Number) },
    });
    expect(json.systems[0].after.mean).toBeLessThan(json.systems[0].before.mean);
    expect(parse((await calibrate(ROWS, "-o", "yaml")).out)).toEqual(json);
  });

  test("leaves out what it does not know, and says so", async () => {
    const { exitCode, out, err } = await calibrate(
      `${ROWS}mine,32,4096,32,50368,2048,H100,8,1,64,1,none,2,nvfp4\n`,
    );
    expect(exitCode).toBe(0);
    expect(err).toContain("warning[rows-left-out]: <stdin>:5:");
    expect(err).toContain("1 row left out, this the first: precision nvfp4");
    expect(out).toMatch(/^H100 +mine +1 /m);
  });

  test.each([
    [
      "a cell",
      ROWS.replace(",9.9,", ",fast,"),
      "csv-value",
      "<stdin>:3:48 (iter_time_s)",
      "correct the figure",
    ],
    ["a missing column", ROWS.replace("hidden", "width"), "csv-column", "<stdin>:1:1 (hidden)", ""],
    ["a GPU", ROWS.replace("H100", "H900"), "csv-value", "<stdin>:4:28 (gpu)", "add peak_bf16_tflops"],
    [
      "degrees",
      ROWS.replace("A100,8,1,384", "A100,8,3,384"),
      "csv-value",
      "<stdin>:2:33 (num_gpus)",
      "degrees",
    ],
    [
      "no speed",
      ROWS.replace("iter_time_s", "seconds"),
      "csv-column",
      "<stdin>:1:1 (source_id)",
      "add one of",
    ],
    ["no rows", `${HEADER}\n`, "rows-left-out", "<stdin>:1:1 (source_id)", "add measured runs"],
    ["only unknown rows", ROWS.replaceAll("bf16", "int8"), "rows-left-out", "<stdin>:2:", "another kind"],
  ])("is told that %s is wrong, where, and what to do", async (_, input, code, place, hint) => {
    const { exitCode, out, err } = await calibrate(input);
    expect(exitCode).toBe(2);
    expect(out).toBe("");
    expect(err).toContain(`error[${code}]: `);
    expect(err).toContain(`--> ${place}`);
    expect(err).toContain(hint);
  });

  const published = "../shared/data/models/published_throughput.csv";
  const present = existsSync(join(ROOT, published));
  if (!present) process.stderr.write(`SKIPPED: ${published} is not calibrated, it is not there\n`);
  test.skipIf(!present)("reads the published table: nine systems", async () => {
    const { exitCode, out, err } = await bace(["calibrate", published, "-o", "json"]);
    expect(exitCode).toBe(0);
    expect(JSON.parse(out).systems).toHaveLength(9);
    expect(err).toContain("5 rows left out, this the first: several GPU types");
  });
});
