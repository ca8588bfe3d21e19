// Thread of the schedules: a question in, its answer out.
import { type Asked, computed } from "./compute.ts";

self.addEventListener("message", ({ data }: MessageEvent<Asked>) => self.postMessage(computed(data)));
