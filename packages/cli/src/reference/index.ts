// The pages of docs/reference that are written from the code, by the names of their files.
import { describeService } from "@bace-pipe/server/describe";
import { VERSION } from "../version.ts";
import { commandLinePage } from "./command-line.ts";
import { errorsPage } from "./errors.ts";
import { metricsPage } from "./metrics.ts";
import { restApiPage } from "./rest-api.ts";

export async function referencePages(): Promise<Readonly<Record<string, string>>> {
  const { metrics, openApi } = await describeService(VERSION);
  return {
    "cli.md": commandLinePage(),
    "rest-api.md": restApiPage(openApi),
    "openapi.json": `${JSON.stringify(openApi, null, 2)}\n`,
    "errors.md": errorsPage(),
    "metrics.md": metricsPage(metrics),
  };
}
