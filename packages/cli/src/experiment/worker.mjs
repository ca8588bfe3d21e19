// A worker thread of an experiment. Threads have no loader for TypeScript until they register one.
import { register } from "tsx/esm/api";

register({ tsconfig: false });
await import("./worker.ts");
