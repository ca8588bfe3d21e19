// The queue: what holds GPUs, what waits, what is over.
import "./queue.css";
import { useKnown } from "../../live/index.ts";
import { Jobs } from "./jobs.tsx";

export function QueuePage() {
  const { isWhole, jobs } = useKnown();
  if (!isWhole) return <p>Asking the service …</p>;
  return <Jobs jobs={[...jobs.values()]} />;
}
