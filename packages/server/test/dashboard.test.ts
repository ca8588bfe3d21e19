// The dashboard's files, as a browser is given them.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { OpenAPIHono } from "@hono/zod-openapi";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { App } from "../src/api/context.ts";
import { addDashboard } from "../src/api/dashboard.ts";

const SCRIPT = "export const page = 1;\n".repeat(200);
const PAGE = "<!doctype html>";
let folder: string;
let app: App;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "bace-dashboard-"));
  mkdirSync(join(folder, "assets"));
  writeFileSync(join(folder, "index.html"), PAGE);
  writeFileSync(join(folder, "assets/index-0123abcd.js"), SCRIPT);
  app = new OpenAPIHono() as App;
  addDashboard(app, folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

const get = (path: string, headers = {}) => app.request(path, { headers });

test("files go compressed to whoever takes that, and are the same files", async () => {
  const response = await get("/assets/index-0123abcd.js", { "Accept-Encoding": "gzip, deflate, br" });
  expect(response.headers.get("content-encoding")).toBe("gzip");
  expect(response.headers.get("content-type")).toContain("text/javascript");
  expect(response.headers.get("vary")).toMatch(/accept-encoding/i);
  const bytes = new Uint8Array(await response.arrayBuffer());
  expect(bytes.length).toBeLessThan(SCRIPT.length / 4);
  expect(gunzipSync(bytes).toString()).toBe(SCRIPT);
  const plain = await get("/assets/index-0123abcd.js");
  expect(plain.headers.get("content-encoding")).toBeNull();
  expect(await plain.text()).toBe(SCRIPT);
});

test("a file with a hash in its name is kept by the browser; the page is asked for again", async () => {
  const caching = async (path: string) => (await get(path)).headers.get("cache-control");
  expect(await caching("/assets/index-0123abcd.js")).toMatch(/max-age=31536000.*immutable/);
  expect(await caching("/")).toBe("no-cache");
  const missing = await get("/assets/index-of-another-build.js");
  expect(missing.status).toBe(404);
  expect(missing.headers.get("cache-control")).toBeNull();
});

test("the page may load nothing from elsewhere, and nobody may frame it", async () => {
  const response = await get("/");
  expect(await response.text()).toBe(PAGE);
  const policy = response.headers.get("content-security-policy");
  expect(policy).toContain("default-src 'self'");
  expect(policy).toContain("frame-ancestors 'none'");
});
