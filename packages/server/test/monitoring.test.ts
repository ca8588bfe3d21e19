// deploy/grafana and deploy/prometheus name metrics and labels that /metrics prints, and no others.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { createMetrics } from "../src/metrics.ts";
import { emptyDatabase } from "./support/database.ts";
import { createFakeExecutor } from "./support/fake-executor.ts";
import { jobText, openService } from "./support/service.ts";

const DEPLOY = resolve(import.meta.dirname, "../../../deploy");
const database = emptyDatabase();

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
  }[];
}
interface Alerts {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly annotations: Readonly<Record<string, string>>;
    }[];
  }[];
}

/** Expressions with the texts that show their labels, by panel or alert. */
function expressions(): readonly (readonly [name: string, expr: string, shown: string])[] {
  const read = (name: string) => readFileSync(join(DEPLOY, name), "utf8");
  const { panels } = JSON.parse(read("grafana/dashboard.json")) as Dashboard;
  const { groups } = parse(read("prometheus/alerts.yaml")) as Alerts;
  return [
    ...panels.flatMap(({ targets, title }) =>
      targets.map(({ expr, legendFormat }) => [title, expr, legendFormat] as const),
    ),
    ...groups.flatMap(({ rules }) =>
      rules.map(
        ({ alert, annotations, expr }) => [alert, expr, Object.values(annotations).join(" ")] as const,
      ),
    ),
  ];
}

/** Names of the series of a text for Prometheus, each with its labels' names. */
function seriesOf(text: string): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const [, name, labels = ""] of text.matchAll(/^(bace_\w+)(?:\{(.*)\})? \S+$/gm)) {
    const known = found.get(name!) ?? new Set();
    found.set(name!, known);
    for (const [, label] of labels.matchAll(/(\w+)="/g)) known.add(label!);
  }
  return found;
}

/** What a service prints that has stored, decided, answered, refused, launched and been told by a feed. */
async function printed(): Promise<Map<string, Set<string>>> {
  const service = await openService(database, createFakeExecutor(), { seconds: 1000 });
  await service.submit(jobText("a"));
  await service.loop.cycle();
  expect((await service.get("/v1/jobs/nobody")).status).toBe(404);
  const app = await (await service.get("/metrics")).text();
  // What a feed and an executor are counted by, which this app has none of.
  const metrics = createMetrics(service.writer.state);
  metrics.fed("market", [], 1000);
  metrics.fed("market", ["unreachable"], 1001);
  await metrics.counting(createFakeExecutor()).list();
  const all = seriesOf(app);
  for (const [name, labels] of seriesOf(await metrics.text())) {
    // The names are the app's own; a metric without a sample prints its type alone.
    expect(app).toContain(`# TYPE ${name.replace(/_(bucket|sum|count)$/, "")} `);
    all.set(name, new Set([...(all.get(name) ?? []), ...labels]));
  }
  return all;
}

test("the dashboard and the alerts ask for what /metrics prints", async () => {
  const all = await printed();
  const asked = expressions();
  expect(asked.length).toBeGreaterThan(20);
  const unused = new Set([...all.keys()].map((name) => name.replace(/_(bucket|sum|count)$/, "")));
  for (const [where, expr, shown] of asked) {
    const names = [...expr.matchAll(/\bbace_\w+/g)].map(([name]) => name);
    for (const name of names) {
      expect([...all.keys()], where).toContain(name);
      unused.delete(name.replace(/_(bucket|sum|count)$/, ""));
    }
    const labels = [
      ...[...expr.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].map(([, label]) => label!),
      ...[...expr.matchAll(/\b(?:by|ignoring|on) ?\(([^)]*)\)/g)].flatMap(
        ([, list]) => list!.match(/\w+/g) ?? [],
      ),
      ...[...shown.matchAll(/\{\{ ?(?:\$labels\.)?(\w+) ?\}\}/g)].map(([, label]) => label!),
    ];
    const known = new Set(["job", ...names.flatMap((name) => [...all.get(name)!])]);
    for (const label of labels) expect([...known], `${where}: ${label}`).toContain(label);
  }
  expect([...unused], "metrics that nobody looks at").toEqual([]);
});
