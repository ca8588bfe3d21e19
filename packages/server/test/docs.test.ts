// The reference that a browser shows: made of the service's own document, and whole without the internet.
import { expect, test } from "vitest";
import { typeText } from "../src/api/reference/type-text.ts";
import { emptyDatabase } from "./support/database.ts";
import { createFakeExecutor } from "./support/fake-executor.ts";
import { openService } from "./support/service.ts";

const database = emptyDatabase();

test("it has every route and schema of the document, and each of its links leads somewhere", async () => {
  const service = await openService(database, createFakeExecutor(), { seconds: 1000 });
  const { components, paths } = (await (await service.get("/openapi.json")).json()) as {
    readonly components: { readonly schemas: object };
    readonly paths: Readonly<Record<string, object>>;
  };
  const answer = await service.get("/docs");
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/html; charset=UTF-8"]);
  const page = await answer.text();
  for (const [path, methods] of Object.entries(paths))
    for (const method of Object.keys(methods))
      expect(page).toContain(`<code>${method.toUpperCase()} ${path}</code>`);
  const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
  for (const name of Object.keys(components.schemas)) expect(ids).toContain(`schema-${name}`);
  const links = [...page.matchAll(/ href="([^"]+)"/g)].map(([, link]) => link!);
  expect(links.filter((link) => link !== "/openapi.json" && !ids.has(link.slice(1)))).toEqual([]);
});

test("nothing in it is loaded from elsewhere, or run", async () => {
  const service = await openService(database, createFakeExecutor(), { seconds: 1000 });
  const answer = await service.get("/docs");
  expect(answer.headers.get("content-security-policy")).toBe(
    "default-src 'none'; frame-ancestors 'none'; style-src 'unsafe-inline'",
  );
  expect(await answer.text()).not.toMatch(/<script|<img|<link|https?:/);
});

test("schemas are shown as types", () => {
  const job = {
    type: "object",
    properties: {
      id: { type: "string" },
      step: { type: ["integer", "null"] },
      phase: { type: "string", enum: ["queued", "ended"] },
      hops: { type: "array", items: { $ref: "#/components/schemas/Hop" } },
      ends: { type: "array", items: { oneOf: [{ type: "string" }, { type: "number" }] } },
      gpus: { type: ["object", "null"], additionalProperties: { type: "integer" } },
    },
    required: ["id", "step", "phase"],
  };
  expect(typeText(job)).toBe(`{
  id: string;
  step: integer | null;
  phase: "queued" | "ended";
  hops?: Hop[];
  ends?: (string | number)[];
  gpus?: { [name: string]: integer } | null;
}`);
});
