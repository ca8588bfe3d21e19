// `bace report [JOB]`: how far predicted step times were off, and how much less with what was measured.
import type { Command } from "commander";
import type { Io } from "../io.ts";
import { type Format, outputOption, rendered } from "../render/output.ts";
import { reportText } from "../render/report.ts";
import { withService } from "../service/connect.ts";
import { addWhere, type Where } from "../service/discovery.ts";
import { knownJob } from "../service/job-names.ts";

interface Options extends Where {
  readonly output: Format;
  readonly json?: boolean;
}

export function reportCommand(program: Command, io: Io): void {
  addWhere(program.command("report"))
    .description(
      "say how far predicted step times were off, by job and epoch, and how that shrank with what was measured",
    )
    .argument("[job]", "name of a job; all jobs without one")
    .addOption(outputOption())
    .option("--json", "the same as -o json")
    .addHelpText(
      "before",
      `Examples:
  bace report
  bace report english-prose
  bace report --json
`,
    )
    .action(async (id: string | undefined, options: Options) => {
      const report = await withService(options, io, (client) =>
        id === undefined ? client.report() : knownJob(client, id, () => client.report(id)),
      );
      const format = options.json ? "json" : options.output;
      io.out.write(rendered(format, report, (wide) => reportText(report, io.out.colors, wide)));
    });
}
