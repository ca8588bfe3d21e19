// Flags over the fields of a job file: what is sent is the file with them.
import { expect, test } from "vitest";
import { parse } from "yaml";
import { withFlags } from "../src/service/job-flags.ts";
import { fakeService, problem } from "./support/fake-service.ts";
import { bace } from "./support/recorder.ts";

const BLOCK = `# a job of the night
name: wide # its name
model:
  layers: 2
training:
  learningRate: 3e-4
  data: {paths: [texts]}
maxGpus: 8`;

const sent = (text: string, flags: Parameters<typeof withFlags>[1]) =>
  withFlags({ file: "job.yaml", text, directory: "/" }, flags).text;

test("flags replace fields where they stand, and add those that the file does not have", () => {
  const text = sent(BLOCK, { name: "narrow", maxGpus: "4", minGpus: "2" });
  expect(text).toBe(`${BLOCK.replace("wide", "narrow").replace("maxGpus: 8", "maxGpus: 4")}\nminGpus: 2\n`);
});

test("--set reaches any field, also one inside a field that is not there", () => {
  const set = ["training.learningRate=1e-3", "model=tiny-byte", "training.data.suffixes=[.md, .ts]"];
  expect(parse(sent(BLOCK, { set: [...set, "training.checkpoint.keep=3", "profile=a, b"] }))).toEqual({
    ...{ name: "wide", model: "tiny-byte", maxGpus: 8, profile: "a, b" },
    training: {
      ...{ learningRate: 1e-3, checkpoint: { keep: 3 } },
      data: { paths: ["texts"], suffixes: [".md", ".ts"] },
    },
  });
});

test.each(['{"name": "wide", "maxGpus": 8}', "{}", "name:\nmaxGpus: 8\n"])("flags over %j", (text) => {
  expect(parse(sent(text, { name: "narrow", maxGpus: "4", tenant: "team-a" }))).toEqual({
    ...{ name: "narrow", maxGpus: 4, tenant: "team-a" },
  });
});

test("a file of standard input and flags are submitted as one, and what is wrong is shown as it was sent", async () => {
  const file = "<stdin> with --name --max-gpus";
  const diagnostic = { code: "invalid-field", file, line: 2, column: 10, field: "maxGpus" };
  const diagnostics = [{ ...diagnostic, message: "-4 is below 1", hint: "give 1 or more" }];
  const { bodies, url } = await fakeService({
    "POST /v1/jobs": problem(422, "invalid-job", "wrong", { diagnostics }),
  });
  const args = ["submit", "-", "--name", "narrow", "--max-gpus", "-4", "--server", url];
  const { err, exitCode } = await bace(args, { input: "name: wide\nmaxGpus: 8\n", folder: "/somewhere" });
  expect(bodies).toEqual([{ file, text: "name: narrow\nmaxGpus: -4\n", directory: "/somewhere" }]);
  expect(exitCode).toBe(2);
  expect(err).toContain("2 | maxGpus: -4\n  |          ^^");
});

test.each([
  ["several jobs", "jobs: [{name: a}]\n", ["--name", "b"], "several-jobs"],
  ["a list", "- a\n", ["--name", "b"], "invalid-flag"],
  ["a field without fields", "name: a\n", ["--set", "name.first=b"], "invalid-flag"],
  ["no field", "name: a\n", ["--set", "=b"], "invalid-flag"],
])("flags over %s are refused before anything is sent", async (_, input, args, code) => {
  const { asked, url } = await fakeService({});
  const { err, exitCode } = await bace(["submit", "-", ...args, "--server", url], { input });
  expect([exitCode, asked]).toEqual([2, []]);
  expect(err).toContain(`error[${code}]`);
});

test("a plan says the flags of the submission that carries it out", async () => {
  const { url } = await fakeService({ "POST /v1/plan": { decisions: [], revision: 17 } });
  const flags = ["--max-gpus", "4", "--set", "model=it's mine"];
  const { err } = await bace(["plan", "-", ...flags, "--server", url], { input: "name: wide\n" });
  expect(err).toContain("`bace submit - --max-gpus 4 --set 'model=it'\\''s mine' --if-revision 17`");
});
