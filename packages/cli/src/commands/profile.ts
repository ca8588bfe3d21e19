// `bace profile`: what this machine takes for each part of a model, as a file that jobs name in `profile`; and, of two
// machines, what their link carries. Needs no service.
import { type Profile, profileSchema } from "@bace-pipe/core/spec";
import { type Command, Option } from "commander";
import { stringify } from "yaml";
import type { Io } from "../io.ts";
import { gpuNameOf } from "../profile/gpu-name.ts";
import { addLinks } from "../profile/links.ts";
import { profileRequest, type TargetOptions, workerFlags } from "../profile/request.ts";
import { profileText } from "../profile/text.ts";
import { workerFigures } from "../profile/worker.ts";
import { countOption, positiveOption } from "../schedule/flags.ts";
import { workerPython } from "../service/python.ts";
import { checkedTarget, writeWhole } from "../simulation/report/files.ts";

interface Options extends TargetOptions {
  readonly device: Profile["machine"]["device"];
  readonly gpu?: string;
  readonly layersTogether: number;
  readonly relativeError: number;
  readonly timeLimit: number;
  readonly python?: string;
  readonly output?: string;
}

export function profileCommand(program: Command, io: Io): void {
  const profile = program.command("profile").enablePositionalOptions();
  addLinks(profile, io);
  profile
    .description("measure the layers of a model on this machine, for plans and predictions")
    .argument(
      "<model>",
      "preset, or job file (YAML or JSON) whose model and training it is; - for standard input",
    )
    .option("--job-name <name>", "which job of the file, if it has several")
    .option("--sequence-length <tokens>", "tokens per sequence (default: the job's)", countOption)
    .option("--microbatch-size <sequences>", "per micro-batch (default: the job's, or 1)", countOption)
    .addOption(
      new Option("--dtype <type>", "of activations (default: the job's, or float32)").choices([
        "float32",
        "bfloat16",
      ]),
    )
    .addOption(new Option("--device <device>", "what computes").choices(["cpu", "cuda"]).default("cpu"))
    .option(
      "--gpu <name>",
      "GPU type of fleets that this machine is (default: cpu, or a known one in the device's name)",
    )
    .option(
      "--layers-together <number>",
      "layers measured as one part, so that caches are as in training",
      countOption,
      4,
    )
    .addOption(
      new Option("--relative-error <share>", "standard error to reach")
        .argParser(positiveOption)
        .default(0.01, "0.01"),
    )
    .addOption(
      new Option("--time-limit <seconds>", "of measuring").argParser(positiveOption).default(60, "60"),
    )
    .option("--python <path>", "Python with PyTorch, as for `bace up`")
    .option(
      "-o, --output <file>",
      "also write the profile, for `profile: FILE` in a job (schema: docs/reference/profile.schema.json)",
    )
    .addHelpText(
      "before",
      `Examples:
  bace profile job.yaml -o profile.yaml
  bace profile tiny-byte --sequence-length 128 --microbatch-size 4
  bace profile llama-2-13b --sequence-length 4096 --dtype bfloat16 --device cuda --gpu H200 -o h200.yaml
`,
    )
    .addHelpText(
      "after",
      `
Each part is measured alone, so the model need not fit into memory as a whole. One thread computes, as in a rank.
Run it on a machine that does nothing else. A job with \`profile: FILE\` is planned with these times on this GPU type, and on
others with times scaled by the ratio of their peaks; a profile of another model, sequence length, micro-batch or type of
activations is refused.
Exit codes: 0 done, 1 measuring failed, 2 bad input, 130 stopped by Ctrl-C.`,
    )
    .action((model: string, options: Options) => measure(model, options, io));
}

async function measure(asked: string, options: Options, io: Io): Promise<void> {
  const request = await profileRequest(asked, options, io);
  const { device, layersTogether, output, relativeError, timeLimit } = options;
  const target = output === undefined ? undefined : await checkedTarget("--output", output, io);
  const flags = {
    "--device": device,
    "--layers-together": layersTogether,
    "--relative-error": relativeError,
    "--time-limit": timeLimit,
  };
  const args = [
    ...workerFlags(request),
    ...Object.entries(flags).flatMap(([name, value]) => [name, String(value)]),
  ];
  const figures = await workerFigures(workerPython(options.python, io), ["profile", ...args], io);
  const { machine, ...more } = figures as Pick<Profile, "machine">;
  const profile = profileSchema.parse({
    version: 1,
    measuredAt: new Date().toISOString(),
    gpu: options.gpu ?? gpuNameOf(machine),
    machine,
    model: request.model,
    ...more,
  });
  io.out.write(profileText(profile, io.out.colors));
  if (profile.relativeError > relativeError)
    io.err.write(
      `${io.err.colors.yellow("warning[not-exact]")}: the time limit came before the error of ${relativeError}: raise --time-limit, or look what else runs here\n`,
    );
  if (!target) return;
  const isJson = target.path.endsWith(".json");
  await writeWhole(target, isJson ? `${JSON.stringify(profile, null, 2)}\n` : stringify(profile));
  io.err.write(
    `${target.name}: jobs with \`profile: ${target.name}\` take these times on GPU type "${profile.gpu}"\n`,
  );
}
