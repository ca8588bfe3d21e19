// What an administrator may say of a Slurm cluster, and that nothing of it can mean anything to a shell.
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseScenario } from "../../src/spec/index.ts";

const scenarioWith = (slurm: string) => `version: 1
name: one
regions:
  - name: east
    gpuType: A6000
    gpus: 8
    priceUsdPerKwh: 0.2
    slurm: ${slurm}
`;
const slurmOf = (slurm: string) => {
  const parsed = parseScenario(scenarioWith(slurm), "fleet.yaml");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
  return parsed.value.fleet.regions[0]!.slurm;
};
const complaintAbout = (slurm: string) => {
  const parsed = parseScenario(scenarioWith(slurm), "fleet.yaml");
  if (parsed.ok) throw new Error("was accepted");
  const { line, message, hint } = parsed.diagnostics[0]!;
  return { line, text: `${message} ${hint}` };
};

test("a folder is enough; the rest has defaults or is left to the cluster", () => {
  expect(slurmOf("{folder: /shared/bace}")).toEqual({
    ...{ folder: "/shared/bace", python: "python3", gpuGres: "gpu", extraOptions: [] },
  });
});

test("everything that can be said", () => {
  const said = {
    ...{ folder: "/shared/bace", host: "me@login.example.org", configurationFile: "/etc/slurm/slurm.conf" },
    ...{ clientPrefix: ["ip", "netns", "exec", "a"], python: "/venv/bin/python", partition: "train" },
    ...{ account: "research", qos: "high", constraint: "(h100|a100)&ib", gpuGres: "gpu:h100", cpusPerGpu: 8 },
    ...{ gpusPerNode: 4, extraOptions: ["--time=2-00:00:00", "--exclusive", "--mem=0"] },
    rest: { url: "https://slurm.example.org:6820", user: "bace", tokenFile: "/etc/bace/slurm.jwt" },
  };
  expect(slurmOf(JSON.stringify(said))).toEqual(said);
});

test.each([
  ["{folder: shared}", "absolute path"],
  ["{folder: /shared/../etc}", "absolute path"],
  ["{folder: '/shared/$(id)'}", "absolute path"],
  ["{folder: /s, host: '-oProxyCommand=id'}", "a host for ssh"],
  ["{folder: /s, partition: 'a b'}", "the name of a partition"],
  ["{folder: /s, account: --uid=0}", "the name of an account"],
  ["{folder: /s, constraint: 'a;id'}", "a constraint"],
  ["{folder: /s, extraOptions: [--wrap=id]}", "for the service to say"],
  ["{folder: /s, extraOptions: [--requeue]}", "for the service to say"],
  ["{folder: /s, extraOptions: [--wra=id]}", "for the service to say"],
  ["{folder: /s, extraOptions: [--chd=/]}", "for the service to say"],
  ["{folder: /s, extraOptions: [--cluster=other]}", "for the service to say"],
  ["{folder: /s, rest: {url: 'http://a:99999', user: b, tokenFile: /t}}", "host and port"],
  ["{folder: /s, rest: {url: 'http://[::::]', user: b, tokenFile: /t}}", "host and port"],
  ["{folder: /s, extraOptions: ['--time=1 --wrap=id']}", "a long option of sbatch"],
  ["{folder: /s, extraOptions: [-w, n1]}", "a long option of sbatch"],
  ["{folder: /s, gpuGres: 'gpu:h100:4'}", "a kind of GPU"],
  ["{folder: /s, nodes: 3}", "nodes"],
  ["{folder: /s, extraOptions: [--no-kill]}", "for the service to say"],
  ["{folder: /s, gpuGres: 'npu:910b', gpusPerNode: 4}", "have to fit one node"],
  ["{folder: /s, rest: {user: bace}}", "write one of them"],
  ["{folder: /s, rest: {user: bace, socket: /run/s, url: 'https://a', tokenFile: /t}}", "write one of them"],
  ["{folder: /s, rest: {user: bace, url: 'https://a'}}", "name the file that holds it"],
  ["{folder: /s, rest: {user: bace, url: 'https://me:word@a', tokenFile: /t}}", "an address without a path"],
  ["{folder: /s, rest: {user: bace, url: 'https://a/b', tokenFile: /t}}", "an address without a path"],
  ["{folder: /s, rest: {user: 'a b', socket: /run/s}}", "the name of an account"],
  ["{folder: /s, rest: {user: a, socket: /run/s}, extraOptions: [--hint=x]}", "knows of these options alone"],
])("%s is refused by line and field", (slurm, reason) => {
  const { line, text } = complaintAbout(slurm);
  expect(line).toBe(8);
  expect(text).toContain(reason);
});

test("no text that is let through holds a blank, a quote, or anything that runs something", () => {
  const field = fc.constantFrom(
    "folder",
    "host",
    "python",
    "partition",
    "account",
    "qos",
    "constraint",
    "gpuGres",
  );
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 12 }),
    fc.stringMatching(/^\/?[a-z$`;'"\\ \n<>!~#{}?-]{1,20}$/),
  );
  fc.assert(
    fc.property(field, text, (name, value) => {
      const parsed = parseScenario(
        scenarioWith(JSON.stringify({ folder: "/s", [name]: value })),
        "fleet.yaml",
      );
      if (parsed.ok) expect(value).toMatch(/^[A-Za-z0-9_/([][A-Za-z0-9_./:+@,&|()[\]*-]*$/);
    }),
    { numRuns: 50 },
  );
});
