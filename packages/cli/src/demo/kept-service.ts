// A service that is started again when it dies. What it ran goes on meanwhile, and the next one adopts it.
import { type Client, createClient } from "@bace-pipe/server/client";
import { EXIT, Failure } from "../failure.ts";
import { isActive } from "../render/queue.ts";
import type { Screen } from "../render/screen.ts";
import { isUnreachable } from "../service/connect.ts";
import { readTokenFile } from "../service/discovery.ts";
import { type ServiceOptions, type ServiceProcess, startServiceProcess } from "./service-process.ts";

const MAX_STARTS = 6;
/** Between two signs of life where lines do not overwrite each other. */
const PLAIN_SECONDS = 5;

export interface KeptService {
  readonly url: string;
  readonly pid: number;
  readonly client: Client;
  /** Starts it again if it has died. */
  ensure(): Promise<void>;
  stop(): Promise<void>;
  /** Leaves it running when this process ends. */
  leave(): void;
}

export async function keepService(
  options: ServiceOptions,
  screen: Screen,
  interrupted: AbortSignal,
): Promise<KeptService> {
  let starts = 0;
  let service: ServiceProcess;
  let client: Client;
  const start = async () => {
    starts++;
    service = await startServiceProcess(options, signsOfLife(screen), interrupted);
    client = createClient(service.url, fetch, readTokenFile(options.folder, "admin"));
  };
  await start();
  return {
    get url() {
      return service.url;
    },
    get pid() {
      return service.pid;
    },
    get client() {
      return client;
    },
    async ensure() {
      const ended = service.ended();
      if (ended === undefined) return;
      if (starts === MAX_STARTS) {
        throw new Failure(`the service died ${starts} times, the last time with ${ended}`, {
          exitCode: EXIT.failed,
          code: "service-failed",
          hint: `see ${options.folder}/logs/service.log`,
        });
      }
      screen.say(
        `the service (pid ${service.pid}) died with ${ended}; starting it again, jobs train on meanwhile`,
      );
      await start();
      screen.say(`the service is back (pid ${service.pid})${await adoptedBy(client)}`);
    },
    stop: () => service.stop(),
    leave: () => service.leave(),
  };
}

/** What it knows after it has read its log; nothing if it has died again, which the next look will tell. */
async function adoptedBy(client: Client): Promise<string> {
  const reply = await client.jobs().catch((error: unknown) => {
    if (isUnreachable(error)) return undefined;
    throw error;
  });
  if (!reply) return "";
  const active = reply.jobs.filter(isActive);
  const names = active.length > 0 ? ` (${active.map(({ id }) => id).join(", ")})` : "";
  return `: it knows ${reply.jobs.length} jobs and has adopted the ${active.length} that run${names}`;
}

function signsOfLife(screen: Screen): (seconds: number) => void {
  let next = 0;
  return (seconds) => {
    const text = `starting the service and its database: ${Math.floor(seconds)} s`;
    if (screen.isTerminal) screen.show(`${text}\n`);
    else if (seconds >= next) {
      screen.say(text);
      next += PLAIN_SECONDS;
    }
  };
}
