// Tokens: make one, list them, take one back. The text of a token is told once, to whoever made it.
import { createRoute, z } from "@hono/zod-openapi";
import type { Access } from "../access/open-access.ts";
import type { Token } from "../access/tokens.ts";
import { ProblemError } from "../problem.ts";
import { type App, bodyOf, jsonOf, problems } from "./context.ts";
import {
  newTokenSchema,
  type TokenView,
  tokenListSchema,
  tokenRequestSchema,
  tokenSchema,
} from "./schemas/tokens.ts";

const listRoute = createRoute({
  method: "get",
  path: "/v1/tokens",
  summary: "All tokens, also those that are no longer good",
  responses: { 200: { description: "Tokens", ...jsonOf(tokenListSchema) } },
});

const makeRoute = createRoute({
  method: "post",
  path: "/v1/tokens",
  summary: "Make a token",
  request: bodyOf(tokenRequestSchema),
  responses: {
    201: { description: "The token; its text is not told again", ...jsonOf(newTokenSchema) },
    ...problems("invalid-request"),
  },
});

const revokeRoute = createRoute({
  method: "post",
  path: "/v1/tokens/{id}/revoke",
  summary: "Take a token back: it is refused from now on",
  request: { params: z.object({ id: z.string().openapi({ param: { name: "id", in: "path" } }) }) },
  responses: {
    200: { description: "The token", ...jsonOf(tokenSchema) },
    ...problems("unknown-token"),
  },
});

export function addTokens(app: App, { tokens }: Access, nowSeconds: () => number): void {
  app.openapi(listRoute, (c) => c.json({ tokens: tokens.list().map(view) }, 200));

  app.openapi(makeRoute, async (c) => {
    const { expiresInSeconds, name, scopes, tenant } = c.req.valid("json");
    if (tenant !== null && scopes.includes("admin"))
      throw new ProblemError(
        "invalid-request",
        "an admin's token is for every tenant: leave one of the two out",
      );
    const expiresSeconds = expiresInSeconds === null ? null : nowSeconds() + expiresInSeconds;
    const { text, token } = await tokens.create({
      name,
      scopes: [...new Set(scopes)],
      tenant,
      expiresSeconds,
    });
    c.header("Cache-Control", "no-store");
    return c.json({ token: view(token), text }, 201);
  });

  app.openapi(revokeRoute, async (c) => {
    const { id } = c.req.valid("param");
    const token = await tokens.revoke(id);
    if (!token) throw new ProblemError("unknown-token", `there is no token ${id}`);
    return c.json(view(token), 200);
  });
}

function view(token: Token): TokenView {
  return { ...token, scopes: [...token.scopes] };
}
