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
  // Made when somebody looks first, since routes may be added after this; and once, since nobody needs a token to ask again.
  let document: OpenApi | undefined;
  const described = () => {
    document ??= app.getOpenAPI31Document(config) as unknown as OpenApi;
    return document;
  };
  let json: string | undefined;
  app.get("/openapi.json", (c) => {
    json ??= JSON.stringify(described());
    return c.body(json, 200, { "Content-Type": "application/json" });
  });

  const contentSecurityPolicy = {
    defaultSrc: ["'none'"],
    frameAncestors: ["'none'"],
    styleSrc: ["'unsafe-inline'"],
  };
  app.use("/docs", secureHeaders({ contentSecurityPolicy, strictTransportSecurity: false }));
  let page: string | undefined;
  app.get("/docs", async (c) => {
    page ??= String(await referencePage(described()));
    return c.html(page);
  });
}
