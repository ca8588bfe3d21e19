// `bace cancel JOB...`: ends jobs. Asks first; where nobody can be asked, one job is cancelled and several need --yes.
import type { Client, JobView } from "@bace-pipe/server";
import type { Command } from "commander";
import { confirm, yesOption } from "../confirm.ts";
import type { Io } from "../io.ts";
import { type Format, outputOption, rendered } from "../render/output.ts";
import { withService } from "../service/connect.ts";
import { addWhere, type Where } from "../service/discovery.ts";
import { knownJob } from "../service/job-names.ts";

interface Options extends Where {
  readonly yes?: boolean;
  readonly output: Format;
}

export function cancelCommand(program: Command, io: Io): void {
  addWhere(program.command("cancel"))
    .description("cancel jobs: what they have trained so far is lost")
    .argument("<job...>", "names of the jobs")
    .addOption(yesOption())
    .addOption(outputOption())
    .addHelpText(
      "before",
      `Examples:
  bace cancel english-prose
  bace cancel english-prose long-lines --yes
`,
    )
    .action(async (ids: string[], options: Options) => {
      const jobs = await withService(options, io, (client) => cancel(client, ids, options, io));
      io.out.write(rendered(options.output, { jobs }, () => cancelledText(jobs)));
    });
}

/** All names are known before the first job is cancelled. */
async function cancel(client: Client, ids: readonly string[], { yes }: Options, io: Io): Promise<JobView[]> {
  const jobs = await Promise.all(ids.map((id) => knownJob(client, id, () => client.job(id))));
  const alive = jobs.filter(({ phase }) => phase !== "ended");
  if (alive.length > 0) {
    const names = alive.map(({ id, iterations, step }) => `${id} (step ${step} of ${iterations})`);
    await confirm({ question: `Cancel ${names.join(", ")}?`, yes, isNamed: ids.length === 1 }, io);
  }
  return Promise.all(jobs.map((job) => (job.phase === "ended" ? job : client.cancel(job.id))));
}

function cancelledText(jobs: readonly JobView[]): string {
  return jobs
    .map(({ id, outcome, phase }) =>
      phase === "ended" ? `${id}: ${outcome}\n` : `${id}: being cancelled, ${phase} now\n`,
    )
    .join("");
}
