// Overview: the fleet on a map, what runs over it, and what that costs.
import "./overview.css";
import { pricePerKwh } from "@bace-pipe/core/format";
import { useMemo, useState } from "react";
import type { LoadView, RegionList } from "../../api.ts";
import { useKnown } from "../../live/index.ts";
import { NotYet } from "../../parts/not-yet.tsx";
import { RegionTable } from "../../parts/region-table.tsx";
import { Figures } from "./figures.tsx";
import { FleetMap } from "./map.tsx";
import { PipelineList } from "./pipeline-list.tsx";
import { pipelinesOf } from "./pipelines.ts";
import { type PriceScale, priceScale } from "./price-scale.ts";

export function OverviewPage() {
  const { isWhole, jobs, load, regions, version } = useKnown();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the map of jobs is changed in place; the version tells.
  const pipelines = useMemo(() => pipelinesOf(jobs.values()), [jobs, version]);
  const [chosen, choose] = useState<string>();
  if (!isWhole) return <NotYet title="Overview" />;
  if (!regions || !load) return <NoFleet />;
  return (
    <div className="overview">
      <h1>{regions.fleet}</h1>
      <Figures jobs={jobs} version={version} regions={regions} load={load} />
      <Fleet regions={regions} load={load} pipelines={pipelines} chosen={chosen} />
      <PipelineList pipelines={pipelines} chosen={chosen} choose={choose} />
      <details className="table">
        <summary>The map as a table</summary>
        <RegionTable regions={regions} load={load} />
      </details>
    </div>
  );
}

function NoFleet() {
  return (
    <>
      <h1>Overview</h1>
      <p>
        No fleet yet: <code>bace up --fleet FILE</code> loads one.
      </p>
    </>
  );
}

interface FleetProps {
  readonly regions: RegionList;
  readonly load: LoadView;
  readonly pipelines: ReturnType<typeof pipelinesOf>;
  readonly chosen: string | undefined;
}

function Fleet({ chosen, load, pipelines, regions }: FleetProps) {
  const prices = useMemo(
    () => priceScale(regions.regions.map(({ priceUsdPerKwh }) => priceUsdPerKwh)),
    [regions],
  );
  return (
    <section aria-labelledby="map" className="fleet">
      <h2 id="map" className="unseen">
        Map
      </h2>
      <FleetMap regions={regions} load={load} pipelines={pipelines} prices={prices} chosen={chosen} />
      <Legend prices={prices} />
    </section>
  );
}

function Legend({ prices }: { readonly prices: PriceScale }) {
  return (
    <p className="legend small">
      <span>
        {prices.lowUsdPerKwh < prices.highUsdPerKwh ? (
          <>
            {pricePerKwh(prices.lowUsdPerKwh)} <span className="ramp" aria-hidden="true" />{" "}
            {pricePerKwh(prices.highUsdPerKwh)}
          </>
        ) : (
          `${pricePerKwh(prices.lowUsdPerKwh)} everywhere`
        )}
      </span>
      <span>
        <span className="sample ring" aria-hidden="true" /> share of GPUs in use
      </span>
      <span>
        <span className="sample reserved" aria-hidden="true" /> reserved share of a link
      </span>
      <span>
        <span className="sample path" aria-hidden="true" /> pipeline
      </span>
    </p>
  );
}
