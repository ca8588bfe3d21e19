// `bace inputs set`: says what capacity, prices, carbon intensities and links are now, in a file or by flags. All of it, or
// nothing if one figure cannot be.
import { parseInputs } from "@bace-pipe/core/spec";
import type { InputsReply, InputsRequest } from "@bace-pipe/server";
import { type Command, InvalidArgumentError } from "commander";
import { badFile, badInput } from "../failure.ts";
import { type NamedText, readNamed } from "../files.ts";
import type { Io } from "../io.ts";
import { type Format, outputOption, rendered } from "../render/output.ts";
import { withService } from "../service/connect.ts";
import { addWhere, type Where } from "../service/discovery.ts";

type Pair = readonly [name: string, value: string];

interface Options extends Where {
  readonly gpus: readonly Pair[];
  readonly price: readonly Pair[];
  readonly carbon: readonly Pair[];
  readonly bandwidth: readonly Pair[];
  readonly latency: readonly Pair[];
  readonly source: string;
  readonly output: Format;
}

export function inputsCommand(program: Command, io: Io): void {
  const inputs = program
    .command("inputs")
    .description("what is other than the scenario says")
    .addHelpText(
      "before",
      "Examples:\n  bace inputs set --price frankfurt=0.12 --gpus tokyo=8\n  bace inputs set measured.yaml\n",
    );
  const set = addWhere(inputs.command("set"))
    .description("say what capacity, prices, carbon intensities and links are now")
    .argument("[file]", "file of inputs (YAML or JSON), or - for standard input");
  for (const [flag, what] of [
    ["--gpus <region=count>", "GPUs of a region"],
    ["--price <region=price>", "electricity, such as frankfurt=0.12 or 'frankfurt=90 USD/MWh'"],
    ["--carbon <region=grams>", "grams of CO2 per kWh"],
    ["--bandwidth <from:to=rate>", "of a directed link, such as 'frankfurt:tokyo=2 Gbit/s'"],
    ["--latency <from:to=delay>", "one way, such as 'frankfurt:tokyo=120 ms'"],
  ] as const)
    set.option(flag, `${what}; may be given several times`, collect, []);
  set
    .option("--source <text>", "where the figures of flags come from", "bace inputs set")
    .addOption(outputOption())
    .addHelpText(
      "before",
      `Examples:
  bace inputs set --price frankfurt=0.12 --gpus tokyo=8
  bace inputs set --bandwidth 'frankfurt:tokyo=2 Gbit/s' --source iperf3
  bace inputs set measured.yaml
`,
    )
    .addHelpText(
      "after",
      `
Prices count for 3 hours, carbon intensities for 4, links for half an hour after they were observed;
then the scenario's figure does, marked as the default wherever it is shown.`,
    )
    .action(async (name: string | undefined, options: Options) => {
      const source = await sourceOf(name, options, io);
      const request = requestOf(source);
      const reply = await withService(options, io, (client) => client.setInputs(request));
      io.out.write(rendered(options.output, reply, () => replyText(reply)));
    });
}

function collect(text: string, before: readonly Pair[]): readonly Pair[] {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("write NAME=VALUE");
  return [...before, [text.slice(0, at), text.slice(at + 1)]];
}

/** A file as it is, or the one that the flags amount to. */
async function sourceOf(name: string | undefined, options: Options, io: Io): Promise<NamedText> {
  const { bandwidth, carbon, gpus, latency, price, source } = options;
  const flags = [bandwidth, carbon, gpus, latency, price].flat();
  if (name !== undefined && flags.length === 0) return readNamed(name, io);
  if (name !== undefined || flags.length === 0)
    throw badInput(
      "no-inputs",
      name === undefined ? "nothing is said" : "a file and flags are given at once",
      "give a file, or flags such as --price frankfurt=0.12",
    );
  const said = {
    version: 1,
    source,
    capacity: gpus.map(([region, value]) => ({ region, gpus: numberOr(value) })),
    prices: price.map(([region, value]) => ({ region, priceUsdPerKwh: numberOr(value) })),
    carbon: carbon.map(([region, value]) => ({ region, carbonGramsPerKwh: numberOr(value) })),
    links: [
      ...bandwidth.map(([ends, value]) => ({ ...endsOf(ends), bandwidthBitsPerSecond: numberOr(value) })),
      ...latency.map(([ends, value]) => ({ ...endsOf(ends), latencySeconds: numberOr(value) })),
    ],
  };
  return { file: "flags", text: JSON.stringify(said, null, 2), directory: io.folder };
}

function endsOf(text: string): { readonly from: string; readonly to: string } {
  const [from, to, more] = text.split(":");
  if (!from || !to || more !== undefined)
    throw badInput("invalid-link", `"${text}" is not a link`, "write FROM:TO, such as frankfurt:tokyo");
  return { from, to };
}

/** Text with a unit stays text. */
function numberOr(value: string): number | string {
  const number = Number(value);
  return value.trim() === "" || Number.isNaN(number) ? value : number;
}

/** Figures that do not say when were observed when the service hears of them. */
function requestOf({ file, text }: NamedText): InputsRequest {
  const UNSAID = -1;
  const parsed = parseInputs(text, file, UNSAID);
  if (!parsed.ok) throw badFile(file, text, parsed.diagnostics);
  const source = parsed.value.find((fact) => "source" in fact)?.source ?? "bace inputs set";
  const inputs = parsed.value.map((fact) => {
    if (!("observedAtSeconds" in fact)) return fact;
    const { observedAtSeconds, source: _, ...rest } = fact;
    return observedAtSeconds === UNSAID ? rest : { ...rest, observedAtSeconds };
  });
  return { source, inputs: inputs as InputsRequest["inputs"] };
}

function replyText({ changed, unchanged }: InputsReply): string {
  const known = unchanged > 0 ? `, ${unchanged} known already or older than what is known` : "";
  return `${changed} changed${known}\n`;
}
