// The service's metrics as a page, from the registry that prints them.
import type { DescribedMetric } from "@bace-pipe/server/describe";
import { code, page, table } from "./markdown.ts";

const ABOUT =
  "What `/metrics` prints, in the text format of Prometheus and in base units. It needs a token with the scope `read`. A dashboard and alerts that use them are in [deploy/](../../deploy/README.md).";

export function metricsPage(metrics: readonly DescribedMetric[]): string {
  const rows = metrics.map(({ help, labels, name, type }) => [
    code(name),
    type,
    labels.map(code).join(" "),
    help,
  ]);
  return page("Metrics", ABOUT, table(["Name", "Type", "Labels", ""], rows));
}
