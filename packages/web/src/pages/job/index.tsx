// One job: what it is doing, where, since when and why, what it has cost, and what it says.
import "./job.css";
import type { JobView } from "../../api.ts";
import { useKnown, useLaterSeconds } from "../../live/index.ts";
import { addressOf } from "../../location.ts";
import { NotYet } from "../../parts/not-yet.tsx";
import { PlacementPath } from "../../parts/placement-path.tsx";
import type { PageProps } from "../index.ts";
import { Epochs } from "./epochs.tsx";
import { Explanation } from "./explanation.tsx";
import { Facts } from "./facts.tsx";
import { Header } from "./header.tsx";
import { Logs } from "./logs.tsx";
import { Series } from "./series.tsx";
import { Timeline } from "./timeline.tsx";

export function JobPage({ place }: PageProps) {
  const { isWhole, jobs } = useKnown();
  const id = place.path[1] ?? "";
  const job = jobs.get(id);
  if (!isWhole) return <NotYet title={id} />;
  if (!job)
    return (
      <>
        <h1>No such job</h1>
        <p>
          There is no job “{id}” here. <a href={addressOf(["queue"])}>All jobs</a>
        </p>
      </>
    );
  return (
    <div className="job-page">
      <Header job={job} />
      <Placement job={job} />
      <Series key={job.id} job={job} />
      <Timeline key={`${job.id} timeline`} job={job} />
      <div className="beside">
        <Explanation job={job} />
        <Facts job={job} />
      </div>
      <Epochs job={job} />
      <Logs key={`${job.id} logs`} job={job} />
    </div>
  );
}

function Placement({ job }: { readonly job: JobView }) {
  const laterSeconds = useLaterSeconds(job);
  const { hops, phase, placement } = job;
  if (!placement) return null;
  return (
    <section className="card" aria-labelledby="placement">
      <h2 id="placement">{phase === "ended" ? "Last placement" : "Placement"}</h2>
      <PlacementPath regions={placement.regions} hops={hops} laterSeconds={laterSeconds} />
    </section>
  );
}
