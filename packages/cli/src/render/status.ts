// The service on one screen: what it is, what it has, what runs, and what somebody should look at.
import { gpus, pricePerKwh } from "@bace-pipe/core/format";
import type { JobView, RegionList, ServiceView } from "@bace-pipe/server";
import type { Colors } from "../io.ts";
import { isActive, queueText } from "./queue.ts";
import { type Column, table } from "./table.ts";

type Region = RegionList["regions"][number];

export interface Status {
  readonly service: ServiceView & { readonly url: string };
  readonly regions: RegionList["regions"];
  readonly jobs: readonly JobView[];
}

const REGIONS: readonly Column<Region>[] = [
  { heading: "REGION", cell: ({ name }) => name },
  { heading: "STATE", cell: ({ cordon }) => cordon ?? "open" },
  { heading: "FREE", align: "right", cell: ({ freeGpus, gpus: all }) => `${freeGpus} of ${all}` },
  { heading: "PRICE", align: "right", cell: ({ priceUsdPerKwh }) => pricePerKwh(priceUsdPerKwh) },
];

export function statusText({ jobs, regions, service }: Status, colors: Colors, wide: boolean): string {
  const { fleet, policy, timeModel, url, version } = service;
  const free = regions.reduce((sum, each) => sum + each.freeGpus, 0);
  const all = regions.reduce((sum, each) => sum + each.gpus, 0);
  const head = `${url}  fleet ${fleet}  policy ${policy}  time model ${timeModel}  bace ${version}\n`;
  const active = jobs.filter(isActive);
  const parts = [
    colors.dim(head),
    `${free} of ${gpus(all)} free; ${countsText(jobs)}\n`,
    table(REGIONS, regions, { colors, wide }),
    active.length > 0 ? queueText(active, new Map(), colors, wide) : "",
    troubleText(jobs, colors),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

/** "jobs: 2 running, 1 queued", in the order of a job's life. */
function countsText(jobs: readonly JobView[]): string {
  const counts = countsOf(jobs);
  const words = Object.entries(counts).map(([word, count]) => `${count} ${word}`);
  return words.length === 0 ? "no jobs" : `jobs: ${words.join(", ")}`;
}

const WORDS = [
  ...["running", "starting", "stopping", "queued", "infeasible", "finished", "failed", "cancelled"],
] as const;

/** Of jobs by phase, or outcome where they have ended; none that is 0. */
export function countsOf(jobs: readonly JobView[]): Readonly<Record<string, number>> {
  const count = (word: string) => jobs.filter(({ outcome, phase }) => (outcome ?? phase) === word).length;
  return Object.fromEntries(WORDS.map((word) => [word, count(word)] as const).filter(([, n]) => n > 0));
}

/** What will not go on by itself. */
function troubleText(jobs: readonly JobView[], colors: Colors): string {
  return jobs
    .filter(
      ({ held, outcome, phase }) =>
        phase === "infeasible" || outcome === "failed" || (held && phase !== "ended"),
    )
    .map(({ held, id, outcome, phase, reason }) => {
      const word = outcome ?? (phase === "infeasible" || !held ? phase : "held");
      return `${colors.red("!")} ${id} is ${word}${reason === null ? "" : `: ${reason}`}; see \`bace explain ${id}\`\n`;
    })
    .join("");
}
