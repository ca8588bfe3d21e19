// The dashboard's files at "/", if they were built. They may load nothing from elsewhere, and nobody may frame them. They go
// over the wire compressed; what is under assets/ has a hash in its name and is fetched once.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { serveStatic } from "@hono/node-server/serve-static";
import type { MiddlewareHandler } from "hono";
import { compress } from "hono/compress";
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
  const caching = { "/": "no-cache", "/assets/*": "public, max-age=31536000, immutable" };
  for (const [path, cacheControl] of Object.entries(caching))
    app.get(path, kept(cacheControl), compress(), serveStatic({ root: directory }));
}

function kept(cacheControl: string): MiddlewareHandler {
  return async (c, next) => {
    await next();
    if (c.res.ok) c.header("Cache-Control", cacheControl);
  };
}
