// What `bace check` needs to look at a cluster as the executor does.
export { submitOptions } from "./job.ts";
export { type ClusterNode, countGpus, isUsable, nodesFor, parseNodes, SINFO } from "./nodes.ts";
export { type AskRest, createRestClient } from "./rest-client.ts";
export { nodesByRest } from "./rest-nodes.ts";
export { createRunner, lastLine, type Ran, type Run, runProgram } from "./runner.ts";
export { BATCH_SCRIPT } from "./script.ts";
export { tarOf } from "./tape.ts";
