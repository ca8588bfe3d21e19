// `bace profile links`: entries for a fleet file's `links`, measured between this machine and others.
import { type LinkEntry, linkEntries } from "@bace-pipe/core/spec";
import { type Command, InvalidArgumentError } from "commander";
import { stringify } from "yaml";
import type { Io } from "../io.ts";
import { positiveOption } from "../schedule/flags.ts";
import { workerPython } from "../service/python.ts";
import { checkedTarget, writeWhole } from "../simulation/report/files.ts";
import { type FarEnd, type ProbeOptions, probed, probeText } from "./probe.ts";

const DEFAULT_PORT = 7421;
/** As in fleets. */
const MOST_STREAMS = 64;

interface Options extends ProbeOptions {
  readonly from: string;
  readonly to: readonly FarEnd[];
  readonly python?: string;
  readonly output?: string;
}

export function addLinks(profile: Command, io: Io): void {
  profile
    .command("links")
    .description(
      "measure the links of this machine's region to others: rate by number of streams, round trip",
    )
    .requiredOption("--from <region>", "region of this machine, as the fleet names it")
    .requiredOption(
      "--to <region=host:port...>",
      `regions, and a machine in each that listens (port: ${DEFAULT_PORT} where left out)`,
      farEnd,
    )
    .requiredOption("--key <text>", "a secret of your choice, the same on all these machines")
    .option("--streams <counts>", "to try, separated by commas", streamCounts, [1, 2, 4, 8, 16])
    .option(
      "--seconds <number>",
      "of each number of streams, direction and size of windows",
      positiveOption,
      2,
    )
    .option("--python <path>", "Python with PyTorch, as for `bace up`")
    .option("-o, --output <file>", "write the entries there and not to standard output")
    .addHelpText(
      "before",
      `Examples:
  bace profile links --from frankfurt --to tokyo=10.2.0.7 --key SECRET
  bace profile links --from frankfurt --to tokyo=10.2.0.7:9000 virginia=10.3.0.9 --key SECRET -o links.yaml
`,
    )
    .addHelpText(
      "after",
      `
On the far side, once for every visit:
  python -m bace_worker probe --listen 0.0.0.0:${DEFAULT_PORT} --key SECRET
The listener takes any free port besides for what it measures. An entry has the goodput with the kernel's own windows, the
fewest streams that nearly reach the best of it, and half the round trip as its latency. Larger windows are shown: where
they help, the kernel's limits (net.ipv4.tcp_rmem, tcp_wmem) are too small for the link.
Exit codes: 0 done, 1 measuring failed, 2 bad input, 130 stopped by Ctrl-C.`,
    )
    .action((options: Options) => measureLinks(options, io));
}

async function measureLinks({ from, output, python: asked, to, ...options }: Options, io: Io): Promise<void> {
  const target = output === undefined ? undefined : await checkedTarget("--output", output, io);
  const python = workerPython(asked, io);
  const links: LinkEntry[] = [];
  for (const end of to) {
    io.err.write(`measuring ${from} ↔ ${end.region} (${end.address})\n`);
    const probe = await probed(end, options, python, io);
    links.push(...linkEntries(from, end.region, probe));
    io.err.write(probeText(from, end.region, probe, io.err.colors));
  }
  const text = stringify({ links });
  if (target) await writeWhole(target, text);
  else io.out.write(text);
}

function farEnd(text: string, before: readonly FarEnd[] = []): readonly FarEnd[] {
  const [, region, host, port] = /^([a-z0-9-]+)=(\[[\da-f:]+\]|[^\s:=]+)(?::(\d{1,5}))?$/i.exec(text) ?? [];
  if (region === undefined || Number(port ?? DEFAULT_PORT) > 65_535)
    throw new InvalidArgumentError(
      "Give a region and a host, such as tokyo=10.2.0.7 or tokyo=10.2.0.7:9000.",
    );
  return [...before, { region, address: `${host}:${port ?? DEFAULT_PORT}` }];
}

function streamCounts(text: string): readonly number[] {
  const counts = text.split(",").map(Number);
  if (!counts.every((each) => Number.isInteger(each) && each >= 1 && each <= MOST_STREAMS))
    throw new InvalidArgumentError(`Give whole numbers from 1 to ${MOST_STREAMS}, such as 1,2,4.`);
  return counts;
}
