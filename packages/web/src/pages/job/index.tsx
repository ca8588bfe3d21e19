// One job: where it is and why.
import "./job.css";
import { useKnown } from "../../live/index.ts";
import { addressOf } from "../../location.ts";
import type { PageProps } from "../index.ts";
import { Explanation } from "./explanation.tsx";

export function JobPage({ place }: PageProps) {
  const { isWhole, jobs } = useKnown();
  const id = place.path[1] ?? "";
  const job = jobs.get(id);
  if (!isWhole) return <p>Asking the service …</p>;
  if (!job)
    return (
      <p>
        There is no job “{id}” here. <a href={addressOf(["queue"])}>All jobs</a>
      </p>
    );
  return (
    <>
      <h1>{job.id}</h1>
      <Explanation job={job} />
    </>
  );
}
