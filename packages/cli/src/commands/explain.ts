// `bace explain JOB`: why it waits, why it is where it is, or how it ended.

import { duration, loss, money } from "@bace-pipe/core/format";
import type { Explained, JobView } from "@bace-pipe/server";
import type { Command } from "commander";
import type { Colors, Io } from "../io.ts";
import { distanceLine, explanationText, headline } from "../render/explanation.ts";
import { hopsText, movedLine, stayedLine } from "../render/hops.ts";
import { type Format, outputOption, rendered } from "../render/output.ts";
import { withService } from "../service/connect.ts";
import { addWhere, type Where } from "../service/discovery.ts";
import { knownJob } from "../service/job-names.ts";

interface Options extends Where {
  readonly output: Format;
}

export function explainCommand(program: Command, io: Io): void {
  addWhere(program.command("explain"))
    .description("say why a job waits and how far it is from starting, or why it is where it is")
    .argument("<job>", "name of the job")
    .addOption(outputOption())
    .addHelpText(
      "before",
      `Examples:
  bace explain english-prose
  bace explain english-prose -o json
`,
    )
    .action(async (id: string, options: Options) => {
      const [explained, job] = await withService(options, io, (client) =>
        knownJob(client, id, () => Promise.all([client.explain(id), client.job(id)])),
      );
      io.out.write(rendered(options.output, explained, () => explainText(explained, job, io.out.colors)));
    });
}

export function explainText(explained: Explained, job: JobView, colors: Colors): string {
  const { why } = explained;
  const parts = [`${colors.bold(headline(explained))}\n${stateText(job)}`];
  parts.push(movedLine(explained, job.reason), stayedLine(job), hopsText(explained, colors));
  if (why) parts.push(explanationText(why, colors));
  if (why && (explained.kind === "wait" || explained.kind === "infeasible")) parts.push(distanceLine(why));
  return parts.filter((part) => part !== "").join("\n");
}

/** What holds of it besides its phase, in the service's words; not said again where it is the reason for that. */
function conditionsText({ conditions = [], preempted, reason }: JobView): string {
  const isPast =
    preempted && !reason?.startsWith("preempted") && !conditions.some(({ type }) => type === "preempted");
  const lines = conditions
    .filter(({ message }) => message !== reason)
    .map(({ message, type }) => `${type[0]!.toUpperCase()}${type.slice(1)}: ${message}.\n`);
  return [isPast ? `Was preempted by ${preempted.by}.\n` : "", ...lines].join("");
}

function stateText(job: JobView): string {
  const { electricityUsd, firstLoss, iterations, lastLoss, outcome, phase, reason, step, waitSeconds } = job;
  const facts = [outcome ?? phase, `waited ${duration(waitSeconds)}`];
  if (job.startedSeconds !== null) facts.push(`step ${step} of ${iterations}`);
  if (lastLoss !== null) facts.push(`loss ${loss(firstLoss)} → ${loss(lastLoss)}`);
  if (job.predictedStepSeconds !== null) {
    const { measuredStepSeconds: measured, predictedStepSeconds: predicted } = job;
    facts.push(`step time ${duration(predicted)} predicted, ${duration(measured)} measured`);
  }
  if (electricityUsd > 0) facts.push(`${money(electricityUsd)} of electricity`);
  const because = reason === null ? "" : `Because: ${reason}\n`;
  return `${facts.join("; ")}\n${because}${conditionsText(job)}`;
}
