// The service's own scenarios, to begin from, and the files that they name.
import demo from "../../../../../scenarios/demo-three-regions.yaml?raw";
import disruptions from "../../../../../scenarios/disruptions.yaml?raw";
import paper from "../../../../../scenarios/paper-six-regions.yaml?raw";
import tenants from "../../../../../scenarios/tenants.yaml?raw";
import type { Beside, Draft } from "./request.ts";

export const EXAMPLES: readonly Draft[] = [
  { file: "paper-six-regions.yaml", text: paper },
  { file: "demo-three-regions.yaml", text: demo },
  { file: "tenants.yaml", text: tenants },
  { file: "disruptions.yaml", text: disruptions },
];

/** A megabyte, fetched when a scenario names it. */
const BESIDE: Readonly<Record<string, () => Promise<{ readonly default: string }>>> = {
  "data/prices-2024.csv": () => import("../../../../../scenarios/data/prices-2024.csv?raw"),
  "data/carbon-2024.csv": () => import("../../../../../scenarios/data/carbon-2024.csv?raw"),
};

/** The files of ours that a scenario names; what a person has opened comes before them. */
export async function besideOf(text: string, opened: Beside): Promise<Beside> {
  const named = Object.entries(BESIDE).filter(([path]) => text.includes(path) && !(path in opened));
  const files = await Promise.all(named.map(async ([path, load]) => [path, (await load()).default] as const));
  return { ...Object.fromEntries(files), ...opened };
}
