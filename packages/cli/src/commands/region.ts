// `bace cordon|uncordon|drain REGION...`: closes regions to new jobs, or empties them. Doing it twice is doing it once.
import type { RegionView } from "@bace-pipe/server";
import type { Command } from "commander";
import { confirm, yesOption } from "../confirm.ts";
import type { Io } from "../io.ts";
import { type Format, outputOption, rendered } from "../render/output.ts";
import { withService } from "../service/connect.ts";
import { addWhere, type Where } from "../service/discovery.ts";
import { knownRegion } from "../service/region-names.ts";

interface Options extends Where {
  readonly yes?: boolean;
  readonly output: Format;
}

type Verb = "cordon" | "uncordon" | "drain";

const VERBS: Readonly<Record<Verb, { readonly description: string; readonly done: string }>> = {
  cordon: {
    description: "place no new jobs in regions; what runs there goes on",
    done: "cordoned: no new jobs are placed there",
  },
  uncordon: { description: "place jobs in regions again", done: "open" },
  drain: {
    description: "cordon regions, and move what runs there elsewhere by its checkpoints",
    done: "being drained",
  },
};

export function regionVerbCommands(program: Command, io: Io): void {
  for (const [verb, { description, done }] of Object.entries(VERBS) as [Verb, (typeof VERBS)[Verb]][]) {
    const command = addWhere(program.command(verb));
    // The others change nothing for what runs.
    if (verb === "drain") command.addOption(yesOption());
    command
      .description(description)
      .argument("<region...>", "names of the regions, or paths such as slurm/eu-west/gpu")
      .addOption(outputOption())
      .addHelpText(
        "before",
        `Examples:
  bace ${verb} frankfurt
  bace ${verb} frankfurt tokyo
`,
      )
      .action(async (names: string[], options: Options) => {
        if (verb === "drain")
          await confirm(
            {
              question: `Stop what runs in ${names.join(", ")}, with a checkpoint, and place it elsewhere?`,
              yes: options.yes,
              isNamed: names.length === 1,
            },
            io,
          );
        const regions: RegionView[] = [];
        for (const name of names)
          regions.push(
            await withService(options, io, (client) =>
              knownRegion(client, name, (known) => client.operate(known, verb)),
            ),
          );
        io.out.write(
          rendered(options.output, { regions }, () => regions.map((each) => doneText(each, done)).join("")),
        );
      });
  }
}

function doneText({ freeGpus, gpus, name }: RegionView, done: string): string {
  const held = gpus - freeGpus;
  return `${name}: ${done}${held > 0 ? `; jobs hold ${held} of its ${gpus} GPUs` : ""}\n`;
}
