// Runs the tasks that it is sent, one after the other.
import { parentPort } from "node:worker_threads";
import { runTask, type Task } from "./task.ts";
import { loadWorld } from "./world.ts";

const world = loadWorld();
parentPort!.on("message", (task: Task) => parentPort!.postMessage(runTask(task, world)));
