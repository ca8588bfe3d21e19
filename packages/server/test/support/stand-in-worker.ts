// A supervisor in a few lines of shell that keeps the worker's contract: holds a lock, says that it has started, ends
// when a file tells it to, leaves its exit code behind. `starts` gets a line each time ranks would have been started.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LocalExecutorOptions } from "../../src/executors/local.ts";

const SUPERVISOR = `#!/bin/sh
# -m bace_worker launch --plan PLAN --region REGION --directory DIRECTORY
dir=$9
cd "$dir" || exit 1
[ -e die-at-once ] && exit 1
[ -e exit.json ] && exit 0
mkdir held 2>/dev/null || exit 0
finish() {
  printf '{"exitCode":%d,"ranks":[]}' "$1" > exit.json.tmp && mv exit.json.tmp exit.json
  exit "$1"
}
[ -e stubborn ] && trap '' TERM || trap 'finish 75' TERM
ticks=null
[ -r "/proc/$$/stat" ] && ticks=$(cut -d ' ' -f 22 "/proc/$$/stat")
printf '{"pid":%d,"startTicks":%s,"ranks":[]}' $$ "$ticks" > started.json.tmp && mv started.json.tmp started.json
echo "$7 $PYTHONPATH" >> starts
while [ ! -e finish ]; do
  [ -e held ] && [ -e "$0" ] || exit 1 # the test is over, and its folder or this file gone
  sleep 0.02
done
finish "$(cat finish)"
`;

export interface StandIn extends LocalExecutorOptions {
  remove(): void;
}

/** A temporary folder with the stand-in as its "python" and a folder for launches. */
export function standInWorker(): StandIn {
  const folder = mkdtempSync(join(tmpdir(), "bace-stand-in-"));
  const python = join(folder, "python");
  writeFileSync(python, SUPERVISOR);
  chmodSync(python, 0o755);
  const launchesDirectory = join(folder, "launches");
  mkdirSync(launchesDirectory);
  return {
    launchesDirectory,
    python,
    workerDirectory: join(folder, "worker"),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
