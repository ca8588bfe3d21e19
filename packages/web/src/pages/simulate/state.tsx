// Where a simulation is: how far it has come, or why there is no result.
import { duration } from "@bace-pipe/core/format";
import type { Progress } from "./request.ts";
import type { Running } from "./use-simulation.ts";

export function State({ running }: { readonly running: Running }) {
  switch (running.kind) {
    case "idle":
    case "done":
      return null;
    case "running":
      return <Bar {...(running.progress ? { progress: running.progress } : {})} />;
    case "stopped":
      return <p role="status">Stopped. Nothing was kept of it.</p>;
    case "broken":
      return (
        <p role="alert" className="problem">
          <strong>The simulation could not run:</strong> {running.message}
        </p>
      );
    case "refused":
      return running.problem ? (
        <p role="alert" className="problem">
          <strong>{running.problem.message}</strong>: {running.problem.hint}
        </p>
      ) : null;
  }
}

function Bar({ progress }: { readonly progress?: Progress }) {
  if (!progress) return <p role="status">Reading the scenario …</p>;
  const { place, policies, policy, runningJobs, simulatedSeconds, waitingJobs } = progress;
  return (
    <div className="progress">
      <progress max={policies} value={place - 1} aria-label="Policies simulated" />
      <p className="small">
        {policy}, {place} of {policies}: {duration(simulatedSeconds)} simulated, {runningJobs} jobs running,{" "}
        {waitingJobs} waiting
      </p>
    </div>
  );
}
