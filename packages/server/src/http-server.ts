// The port: on the loopback interface alone, since whoever reaches it may submit jobs.
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { StartError } from "./start-error.ts";

const LOOPBACK = "127.0.0.1";
const PATIENCE_MILLISECONDS = 1000;

export interface HttpServer {
  readonly port: number;
  readonly url: string;
  /** Requests that are being answered get a second; connections that wait for the next one get none. */
  close(): Promise<void>;
}

/** @param port 0 for any that is free */
export async function listen(
  handle: (request: Request) => Response | Promise<Response>,
  port: number,
): Promise<HttpServer> {
  const server = createAdaptorServer({ fetch: handle }) as Server;
  server.listen(port, LOOPBACK);
  try {
    await once(server, "listening");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    throw new StartError(
      "port-in-use",
      `another program listens on port ${port}: stop it, or choose another port`,
    );
  }
  const { port: taken } = server.address() as AddressInfo;
  return {
    port: taken,
    url: `http://${LOOPBACK}:${taken}`,
    async close() {
      const closed = once(server, "close");
      server.close();
      const timer = setTimeout(() => server.closeAllConnections(), PATIENCE_MILLISECONDS);
      await closed;
      clearTimeout(timer);
    },
  };
}
