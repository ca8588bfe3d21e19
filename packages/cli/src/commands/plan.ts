// `bace plan FILE`: what the service's scheduler would do with these jobs now. Stores nothing, starts nothing.
import type { Explained } from "@bace-pipe/server";
import type { Command } from "commander";
import { EXIT } from "../failure.ts";
import type { Colors, Io } from "../io.ts";
import { distanceLine, explanationText, headline } from "../render/explanation.ts";
import { type Format, isTable, outputOption, rendered } from "../render/output.ts";
import { withService } from "../service/connect.ts";
import { addWhere, type Where } from "../service/discovery.ts";
import { jobNames, readJobFile } from "../service/job-files.ts";
import { addJobFlags, flagWords, type JobFlags, withFlags } from "../service/job-flags.ts";

/** Of this command, as in `nomad job plan`. */
const PLAN_EXIT = { nothingStarts: 0, starts: 1, infeasible: 2, failed: 4 } as const;

interface Options extends Where, JobFlags {
  readonly output: Format;
}

export function planCommand(program: Command, io: Io, exit: (code: number) => void): void {
  addJobFlags(addWhere(program.command("plan")))
    .description("dry run: what the service would do now if these jobs were submitted")
    .argument("<file>", "job file (YAML or JSON), or - for standard input")
    .addOption(outputOption())
    .addHelpText(
      "before",
      `Examples:
  bace plan job.yaml
  bace plan job.yaml -o wide
  bace plan job.yaml --max-gpus 4 --set microbatches=16
`,
    )
    .addHelpText(
      "after",
      `
Exit codes: 0 none of the jobs would start, 1 some would, 2 one is infeasible, 3 no service to talk to, 4 the file or the
command line is wrong, or something failed.`,
    )
    .action(async (name: string, options: Options) => {
      const source = withFlags(await readJobFile(name, io), options);
      const plan = await withService(options, io, (client) => client.plan(source), source);
      const names = new Set(jobNames(source.text));
      io.out.write(
        rendered(options.output, plan, (wide) => planText(plan.decisions, names, io.out.colors, wide)),
      );
      if (isTable(options.output))
        io.err.write(
          `revision ${plan.revision}: \`bace submit ${name}${flagWords(options)} --if-revision ${plan.revision}\` does this or nothing\n`,
        );
      exit(planExit(plan.decisions.filter(({ jobId }) => names.has(jobId))));
    });
}

/** What is 1 or 2 elsewhere is an answer here. */
export function planFailureExit(code: number): number {
  return code === EXIT.failed || code === EXIT.badInput ? PLAN_EXIT.failed : code;
}

function planExit(decisions: readonly Explained[]): number {
  if (decisions.some(({ kind }) => kind === "infeasible")) return PLAN_EXIT.infeasible;
  return decisions.some(({ kind }) => kind === "start") ? PLAN_EXIT.starts : PLAN_EXIT.nothingStarts;
}

/** The file's own jobs in full, the others of the queue in a line each. */
function planText(
  decisions: readonly Explained[],
  own: ReadonlySet<string>,
  colors: Colors,
  wide: boolean,
): string {
  return decisions
    .map((decision) => {
      const { jobId, kind, why } = decision;
      const line = `${own.has(jobId) ? colors.bold(headline(decision)) : headline(decision)}\n`;
      if (!why || !(own.has(jobId) || wide)) return line;
      const distance = kind === "start" ? "" : distanceLine(why);
      return `${line}${indented(explanationText(why, colors) + distance)}`;
    })
    .join("");
}

function indented(text: string): string {
  return text.replaceAll(/^(?=.)/gm, "  ");
}
