// The service's own scenarios, to begin from, and the files that they name.
import carbon from "../../../../../scenarios/data/carbon-2024.csv?url";
import prices from "../../../../../scenarios/data/prices-2024.csv?url";
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

/** Addresses of a megabyte of text, fetched when a scenario names it. */
const BESIDE: Readonly<Record<string, string>> = {
  "data/prices-2024.csv": prices,
  "data/carbon-2024.csv": carbon,
};

/** The files of ours that a scenario names; what a person has opened comes before them. */
export async function besideOf(text: string, opened: Beside): Promise<Beside> {
  const named = Object.entries(BESIDE).filter(([path]) => text.includes(path) && !(path in opened));
  const files = await Promise.all(
    named.map(async ([path, address]) => [path, await fetched(address)] as const),
  );
  return { ...Object.fromEntries(files), ...opened };
}

async function fetched(address: string): Promise<string> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address} answered ${response.status}`);
  return await response.text();
}
