// The dashboard's files at "/", if they were built. They may load nothing from elsewhere, and nobody may frame them.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { serveStatic } from "@hono/node-server/serve-static";
import { secureHeaders } from "hono/secure-headers";
import type { App } from "./context.ts";

/** @param directory with an index.html and its assets; nothing is served where it is absent. */
export function addDashboard(app: App, directory: string | undefined): void {
  if (directory === undefined || !existsSync(join(directory, "index.html"))) return;
  const contentSecurityPolicy = {
    defaultSrc: ["'self'"],
    imgSrc: ["'self'", "data:"], // the empty icon
    frameAncestors: ["'none'"],
    styleSrc: ["'self'", "'unsafe-inline'"],
  };
  app.use("/", secureHeaders({ contentSecurityPolicy, strictTransportSecurity: false }));
  for (const path of ["/", "/assets/*"]) app.get(path, serveStatic({ root: directory }));
}
