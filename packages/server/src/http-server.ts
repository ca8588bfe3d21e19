// The port: on the loopback interface unless another address is asked for, where others may knock at it.
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { StartError } from "./start-error.ts";

export const LOOPBACK = "127.0.0.1";
const PATIENCE_MILLISECONDS = 1000;
/** Outside the range that systems hand out by themselves: after a restart the port is likely to be free still. */
const DEFAULT_PORTS = Array.from({ length: 32 }, (_, i) => 7420 + i);

export interface HttpServer {
  readonly port: number;
  readonly host: string;
  readonly url: string;
  /** Requests that are being answered get a second; connections that wait for the next one get none. */
  close(): Promise<void>;
}

/** @param port undefined: the first of the default ports that is free */
export async function listen(
  handle: (request: Request, env?: object) => Response | Promise<Response>,
  port: number | undefined,
  host: string,
): Promise<HttpServer> {
  const server = createAdaptorServer({ fetch: handle }) as Server;
  const wanted = port === undefined ? DEFAULT_PORTS : [port];
  if (!(await takeFirstFree(server, wanted, host))) {
    throw new StartError(
      "port-in-use",
      `another program listens on ${wanted.length === 1 ? "port" : "each of the ports"} ${wanted.join(", ")}: stop it, or choose another port`,
    );
  }
  const { port: taken } = server.address() as AddressInfo;
  return {
    port: taken,
    host,
    url: `http://${host.includes(":") ? `[${host}]` : host}:${taken}`,
    async close() {
      const closed = once(server, "close");
      server.close();
      const timer = setTimeout(() => server.closeAllConnections(), PATIENCE_MILLISECONDS);
      await closed;
      clearTimeout(timer);
    },
  };
}

async function takeFirstFree(server: Server, ports: readonly number[], host: string): Promise<boolean> {
  for (const port of ports) {
    server.listen(port, host);
    try {
      await once(server, "listening");
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
        throw new StartError("no-such-host", `this machine has no address ${host}: give one that it has`);
      if (code !== "EADDRINUSE") throw error;
    }
  }
  return false;
}
