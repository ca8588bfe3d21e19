// A placement as the path that it is: regions with their GPUs, and between them what the hops reserve and carry.
import "./placement-path.css";
import { intervalText } from "@bace-pipe/core/explain";
import { bitRate, duration, gpus } from "@bace-pipe/core/format";
import type { HopView, PlacementView } from "../api.ts";

interface Props {
  readonly regions: PlacementView["regions"];
  readonly hops: readonly HopView[];
  /** Since that was told. */
  readonly laterSeconds: number;
}

export function PlacementPath({ hops, laterSeconds, regions }: Props) {
  return (
    <ol className="placement" aria-label="Path of regions, in the order of the pipeline">
      {regions.map(({ gpus: count, region }, i) => {
        const hop = hops[i - 1];
        return (
          <li key={region}>
            {hop && <Hop hop={hop} laterSeconds={laterSeconds} />}
            <span className="stop">
              <strong>{region}</strong>
              <span>{gpus(count)}</span>
            </span>
          </li>
        );
      })}
    </ol>
  );
}

function Hop({ hop, laterSeconds }: { readonly hop: HopView } & Pick<Props, "laterSeconds">) {
  const { interval, measured, plannedBitsPerSecond: planned, reservedBitsPerSecond } = hop;
  return (
    <span className="hop">
      <span>{bitRate(reservedBitsPerSecond)} reserved</span>
      {planned !== undefined && <span>by what was measured; {bitRate(planned)} when placed</span>}
      {interval && <span>chosen for {intervalText(interval)}</span>}
      {measured.map(({ ageSeconds, bitsPerSecond, from, roundTripSeconds, to }) => {
        const isOutside =
          interval !== null &&
          (bitsPerSecond < interval.lowBitsPerSecond ||
            (interval.highBitsPerSecond !== null && bitsPerSecond > interval.highBitsPerSecond));
        return (
          <span key={from} className={isOutside ? "wrong" : undefined}>
            {from} → {to} carries {bitRate(bitsPerSecond)}
            {roundTripSeconds !== null && `, round trip ${duration(roundTripSeconds)}`}, seen{" "}
            {duration(ageSeconds + laterSeconds)} ago
            {isOutside && ": outside of what the schedule was chosen for"}
          </span>
        );
      })}
    </span>
  );
}
