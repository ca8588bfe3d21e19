// Thread of a simulation: a request in; progress, then the result out.
import type { Progress, Request } from "./request.ts";
import { simulated } from "./simulated.ts";

/** Nobody reads faster. */
const PAUSE_MS = 100;

self.addEventListener("message", ({ data }: MessageEvent<Request>) => {
  let toldMs = Number.NEGATIVE_INFINITY;
  const tell = (progress: Progress) => {
    const nowMs = performance.now();
    if (nowMs - toldMs < PAUSE_MS) return;
    toldMs = nowMs;
    self.postMessage(progress);
  };
  self.postMessage(simulated(data, tell));
});
