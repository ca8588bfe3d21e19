// Whether ranks of every region reach those of every other, on any port: each rank listens on one that was free.
import type { Fleet } from "@bace-pipe/core";
import type { Place } from "./facts.ts";
import { type Finding, ok, problem, warning } from "./finding.ts";
import type { HostFacts, Reached } from "./host.ts";
import { clockFinding } from "./slurm/folder.ts";

export interface Answered {
  readonly region: string;
  readonly facts: HostFacts;
  readonly place: Place;
  readonly reached: Readonly<Record<string, Reached>> | undefined;
}

/** What one region's host found out about the others. */
export function networkFindings(from: Answered, all: readonly Answered[], fleet: Fleet): readonly Finding[] {
  const others = all.filter(({ region }) => region !== from.region);
  if (others.length === 0) return [];
  if (!from.reached)
    return [warning("network", `${from.place.where} has not said whom it reached`, "look again")];
  const good: string[] = [];
  const findings: Finding[] = [];
  for (const to of others) {
    const reached = from.reached[to.region];
    if (reached && "seconds" in reached) {
      good.push(`${to.region} in ${(reached.seconds * 1000).toFixed(1)} ms`);
      const clock = clockFinding(reached.clockSeconds, reached.seconds / 2, to.place.where);
      if (clock.level !== "ok" && from.facts.hostname !== to.facts.hostname)
        findings.push({
          ...clock,
          finding: clock.finding.replace("this machine's", `that of ${from.place.where}`),
        });
    } else findings.push(unreached(from, to, reached?.problem ?? "nothing was said", fleet));
  }
  if (good.length > 0) findings.unshift(ok("network", `${from.place.where} reaches ${good.join(", ")}`));
  return findings;
}

function unreached(from: Answered, to: Answered, why: string, fleet: Fleet): Finding {
  const said = `${from.place.where} does not reach ${to.region} at ${to.facts.address}: ${why}`;
  const isFar = from.facts.hostname !== to.facts.hostname;
  const mend =
    isFar && /^(?:127\.|::1$)/.test(to.facts.address)
      ? `ranks of ${to.region} would name their loopback: start the service with --host and --advertise`
      : /another host|something else/.test(why)
        ? "the two networks use the same private addresses: join them by a VPN that renumbers one"
        : `let TCP through from ${from.region} to ${to.region}, all ports that are not privileged`;
  const isSure = from.place.isWhereRanksRun && to.place.isWhereRanksRun;
  if (!isLinked(from.region, to.region, fleet))
    return warning(
      "network",
      said,
      `nothing, while the fleet's file has no link between the two; else: ${mend}`,
    );
  if (isSure) return problem("network", said, mend);
  return warning("network", said, `look from nodes: bace check --jobs; if they do not, too: ${mend}`);
}

function isLinked(from: string, to: string, { links, regions }: Fleet): boolean {
  const nameOf = (index: number) => regions[index]!.name;
  return links.some(
    (link) =>
      (nameOf(link.from) === from && nameOf(link.to) === to) ||
      (nameOf(link.from) === to && nameOf(link.to) === from),
  );
}
