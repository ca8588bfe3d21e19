// `bace queue`: the jobs of the service, once or again and again.
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import type { Io } from "../io.ts";
import { type Format, isTable, outputOption, rendered } from "../render/output.ts";
import { queueText } from "../render/queue.ts";
import { createScreen } from "../render/screen.ts";
import { withService } from "../service/connect.ts";
import { addWhere, type Where } from "../service/discovery.ts";
import { positionsOf } from "../service/positions.ts";

const WATCH_SECONDS = 2;

interface Options extends Where {
  readonly watch?: boolean;
  readonly output: Format;
}

export function queueCommand(program: Command, io: Io): void {
  addWhere(program.command("queue"))
    .description("list jobs: what runs where, what waits in which order, what has ended")
    .option("-w, --watch", "again every two seconds, until Ctrl-C")
    .addOption(outputOption())
    .addHelpText(
      "before",
      `Examples:
  bace queue
  bace queue --watch
  bace queue -o json
`,
    )
    .action((options: Options) => (options.watch ? watch(options, io) : once(options, io)));
}

async function once(options: Options, io: Io): Promise<void> {
  io.out.write(await read(options, io));
}

async function watch(options: Options, io: Io): Promise<void> {
  const screen = createScreen(io.out);
  const stop = new AbortController();
  const stopListening = io.onInterrupt(() => stop.abort());
  while (!stop.signal.aborted) {
    screen.show(await read(options, io));
    await sleep(WATCH_SECONDS * 1000, undefined, { signal: stop.signal }).catch(() => undefined);
  }
  stopListening();
}

function read(options: Options, io: Io): Promise<string> {
  return withService(options, io, async (client) => {
    const list = await client.jobs();
    const positions = isTable(options.output) ? await positionsOf(client, list.jobs) : new Map();
    return rendered(options.output, list, (wide) => queueText(list.jobs, positions, io.out.colors, wide));
  });
}
