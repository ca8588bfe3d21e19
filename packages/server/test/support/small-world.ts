// The log of a small service, made by the real writer and policy: jobs come, are placed and end as a test says. No
// executors, no API.
import { createPolicy, type Fact, type Job } from "@bace-pipe/core";
import { parseJobs, parseScenario } from "@bace-pipe/core/spec";
import { pino } from "pino";
import { loadFleet } from "../../src/fleet.ts";
import { type Archive, archiveOf } from "../../src/store/archive.ts";
import type { Database } from "../../src/store/database.ts";
import { type Log, openLog } from "../../src/store/log.ts";
import { createWriter, type Writer } from "../../src/writer.ts";
import { type Clock, jobText, SCENARIO } from "./service.ts";

export interface SmallWorld {
  readonly writer: Writer;
  readonly log: Log;
  readonly archive: Archive;
  submit(name: string): Promise<void>;
  /** Every launch of the job's epoch ends well. */
  finish(name: string): Promise<void>;
  /** A second passes, several times, and jobs come and finish one after the other. */
  pass(names: readonly string[]): Promise<void>;
}

/** Opens it on what the database holds: a second call is a restart. */
export async function smallWorld(database: Database, clock: Clock): Promise<SmallWorld> {
  const scenario = parseScenario(SCENARIO, "two-regions.yaml");
  if (!scenario.ok) throw new Error(JSON.stringify(scenario.diagnostics));
  const { fleet } = scenario.value;
  const { log, state } = await openLog(database);
  const writer = createWriter({
    log,
    state,
    deciding: {
      policy: createPolicy("bace"),
      timeModel: "1f1b",
      newLaunchKey: () => `key-${writer.state().seq}`,
    },
    nowSeconds: () => clock.seconds,
    logger: pino({ level: "silent" }),
  });
  await loadFleet(writer, fleet);
  const jobOf = (name: string): Job => {
    const parsed = parseJobs(jobText(name, { gpus: 2 }), "job.yaml", fleet, { efficiency: 0.4 });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
    return { ...parsed.value[0]!, submitSeconds: clock.seconds };
  };
  const world: SmallWorld = {
    writer,
    log,
    archive: archiveOf(database),
    submit: (name) => writer.commit(() => [{ kind: "submitted", job: jobOf(name) }]),
    finish: (name) =>
      writer.commit((current) => {
        const { epoch } = current.jobs.get(name)!;
        const about = { jobId: name, epoch: epoch!.number };
        return Object.keys(epoch!.launches).map(
          (region): Fact => ({
            ...{ kind: "launch-observed", region, status: { kind: "exited", exitCode: 0 } },
            ...about,
          }),
        );
      }),
    async pass(names) {
      for (const name of names) {
        await world.submit(name);
        clock.seconds++;
        await world.finish(name);
        clock.seconds++;
      }
    },
  };
  return world;
}
