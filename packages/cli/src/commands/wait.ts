// `bace wait JOB...`: until jobs run, or are over. For scripts: the exit code says whether they got there.
import type { JobView } from "@bace-pipe/server";
import { type Command, Option } from "commander";
import { badInput, EXIT } from "../failure.ts";
import type { Io } from "../io.ts";
import { type Format, outputOption, rendered } from "../render/output.ts";
import { secondsOption } from "../seconds.ts";
import { sayDetached } from "../service/back.ts";
import { addWhere, type Where } from "../service/discovery.ts";
import { followJobs } from "../service/follow.ts";

const GOALS = ["running", "finished", "ended"] as const;
type Goal = (typeof GOALS)[number];

const WAIT_EXIT = {
  reached: EXIT.ok,
  missed: EXIT.failed,
  timeout: 4,
  interrupted: EXIT.interrupted,
} as const;

interface Options extends Where {
  readonly for: Goal;
  readonly timeout?: number;
  readonly output: Format;
}

export function waitCommand(program: Command, io: Io, exit: (code: number) => void): void {
  addWhere(program.command("wait"))
    .description("wait until all of these jobs run, have finished or have ended; Ctrl-C leaves them alone")
    .argument("<job...>", "names of the jobs")
    .addOption(
      new Option("--for <what>", "running, finished, or ended (however it ended)")
        .argParser(goalOption)
        .default("finished" satisfies Goal),
    )
    .option(
      "--timeout <time>",
      "for that long at most, such as 90s, 10m or 2h (default: for ever)",
      secondsOption,
    )
    .addOption(outputOption())
    .addHelpText(
      "before",
      `Examples:
  bace wait english-prose --for=running --timeout 10m
  bace wait english-prose long-lines && echo "both have finished"
`,
    )
    .addHelpText(
      "after",
      `
Exit codes: 0 all are there, 1 one cannot get there any more (it failed, was cancelled, or is infeasible), 2 bad input,
3 no service to talk to, 4 the time was up, 130 stopped by Ctrl-C.`,
    )
    .action(async (ids: string[], options: Options) => {
      const goal = options.for;
      const isOver = (seen: readonly JobView[]) =>
        seen.every((job) => isThere(job, goal)) || seen.some((job) => isLost(job, goal));
      const { jobs, why } = await followJobs({ ids, isOver, timeoutSeconds: options.timeout }, options, io);
      if (why === "interrupted") sayDetached(`wait ${ids.join(" ")} --for=${goal}`, options, io);
      else io.out.write(rendered(options.output, { jobs }, () => jobs.map(nowText).join("")));
      if (why === "timeout") io.err.write(`the time was up before all were ${goal}\n`);
      const isReached = why === "over" && jobs.every((job) => isThere(job, goal));
      exit(why === "over" ? (isReached ? WAIT_EXIT.reached : WAIT_EXIT.missed) : WAIT_EXIT[why]);
    });
}

/** A job that has finished did run, however short that was. */
function isThere({ outcome, phase }: JobView, goal: Goal): boolean {
  if (goal === "ended") return phase === "ended";
  return outcome === "finished" || (goal === "running" && phase === "running");
}

function isLost(job: JobView, goal: Goal): boolean {
  return !isThere(job, goal) && (job.phase === "ended" || job.phase === "infeasible");
}

function nowText({ id, outcome, phase, reason }: JobView): string {
  const why = reason === null || outcome === "finished" ? "" : `: ${reason}`;
  return `${id}: ${outcome ?? phase}${why}\n`;
}

function goalOption(text: string): Goal {
  const goal = GOALS.find((each) => each === text.toLowerCase());
  if (!goal)
    throw badInput("unknown-goal", `--for ${text}: nothing to wait for`, `known: ${GOALS.join(", ")}`);
  return goal;
}
