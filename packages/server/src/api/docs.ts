// What describes the API: /openapi.json for programs, /docs for people.
import { secureHeaders } from "hono/secure-headers";
import type { App } from "./context.ts";
import { referencePage } from "./reference/page.ts";
import type { OpenApi } from "./reference/routes.ts";

/** @param version of the program */
export function addDocs(app: App, version: string): void {
  const config = {
    openapi: "3.1.0",
    info: { title: "BACE-Pipe", version, license: { name: "Apache-2.0" } },
    security: [{ token: [] }],
  };
  app.openAPIRegistry.registerComponent("securitySchemes", "token", { type: "http", scheme: "bearer" });
  app.doc31("/openapi.json", config);

  const contentSecurityPolicy = {
    defaultSrc: ["'none'"],
    frameAncestors: ["'none'"],
    styleSrc: ["'unsafe-inline'"],
  };
  app.use("/docs", secureHeaders({ contentSecurityPolicy, strictTransportSecurity: false }));
  // Made when somebody looks: routes may be added after this one.
  app.get("/docs", (c) => c.html(referencePage(app.getOpenAPI31Document(config) as unknown as OpenApi)));
}
