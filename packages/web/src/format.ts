// Figures that only the dashboard shows; the others are core's.
import { figure, UNKNOWN } from "@bace-pipe/core/format";
import type { PlacementView } from "./api.ts";

/** What is reserved of a capacity, 0..1. A link that shrank under its reservations is full. */
export function part(amount: number, whole: number): number {
  return whole > 0 ? Math.min(1, amount / whole) : 0;
}

/** "5.541 → 2.318" */
export function lossText(first: number | null, last: number | null): string {
  const text = (loss: number | null) => (loss === null ? UNKNOWN : loss.toFixed(3));
  return first === null && last === null ? UNKNOWN : `${text(first)} → ${text(last)}`;
}

/** "netherlands 2 → frankfurt 1": GPUs in each region, in pipeline order. A line never breaks before a count. */
export function placementText(placement: Pick<PlacementView, "regions"> | null): string {
  return (
    placement?.regions.map(({ region, gpus: count }) => `${region}\u00a0${count}`).join(" → ") ?? UNKNOWN
  );
}

/** "410 g/kWh" */
export function carbonText(gramsPerKwh: number | null): string {
  return gramsPerKwh === null ? UNKNOWN : `${figure(gramsPerKwh)}\u00a0g/kWh`;
}

/** A figure and its unit on one line. */
export function unbroken(text: string): string {
  return text.replaceAll(" ", "\u00a0");
}
