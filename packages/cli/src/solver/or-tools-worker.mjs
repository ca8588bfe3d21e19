// A thread of its own for a solver. Threads have no loader for TypeScript until they register one.
import { register } from "tsx/esm/api";

register({ tsconfig: false });
await import("./or-tools-worker.ts");
