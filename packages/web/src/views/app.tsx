// The one page: how the fleet is, what the jobs do, and whether any of it is fresh.

import { figure, gpus, money } from "@bace-pipe/core/format";
import { type JobList, type JobView, PATHS, type RegionList } from "../api.ts";
import { type Failure, usePolling } from "../polling.ts";
import { Jobs } from "./jobs.tsx";
import { Regions } from "./regions.tsx";
import { TokenForm } from "./token-form.tsx";

const EVERY_MS = 1000;

export function App() {
  const regions = usePolling<RegionList>(PATHS.regions, EVERY_MS);
  const jobs = usePolling<JobList>(PATHS.jobs, EVERY_MS);
  const failure = regions.failure ?? jobs.failure;
  return (
    <>
      <header>
        <h1>BACE-Pipe</h1>
        {regions.value && jobs.value && <Summary fleet={regions.value} jobs={jobs.value.jobs} />}
      </header>
      {failure?.kind === "no-token" && <TokenForm why={failure.message} />}
      {failure && failure.kind !== "no-token" && (
        <Banner failure={failure} known={regions.value !== undefined} />
      )}
      <main>
        {regions.value && <Regions regions={regions.value.regions} />}
        {jobs.value && <Jobs jobs={jobs.value.jobs} />}
        {!failure && !(regions.value && jobs.value) && <p>Asking the service …</p>}
      </main>
    </>
  );
}

function Banner({ failure, known }: { readonly failure: Failure; readonly known: boolean }) {
  const since = new Date(failure.sinceMs).toLocaleString();
  const what = failure.kind === "refused" ? "The service answers with an error" : "Service not reachable";
  return (
    <div className="banner" role="alert">
      <p>
        <strong>
          {what} since {since}.
        </strong>{" "}
        {known && "What is shown below was true then. "}
        This page asks again every second.
      </p>
      <p className="small">{failure.message}</p>
    </div>
  );
}

function Summary({ fleet, jobs }: { readonly fleet: RegionList; readonly jobs: readonly JobView[] }) {
  const total = fleet.regions.reduce((sum, region) => sum + region.gpus, 0);
  const free = fleet.regions.reduce((sum, region) => sum + region.freeGpus, 0);
  const usd = jobs.reduce((sum, job) => sum + job.electricityUsd, 0);
  const count = (phase: JobView["phase"]) => jobs.filter((job) => job.phase === phase).length;
  const running = `${figure(count("running"))} running, ${figure(count("queued"))} queued`;
  return (
    <>
      <title>{`${running} · BACE-Pipe`}</title>
      <p>
        {fleet.fleet} · {free} of {gpus(total)} free · {running} · {money(usd)} of electricity so far
      </p>
    </>
  );
}
