// Every region in a row: capacity, price, carbon, and how old each figure is.
import "./region-table.css";
import { figure, pricePerKwh } from "@bace-pipe/core/format";
import { memo } from "react";
import type { LoadView, RegionList } from "../api.ts";
import { carbonText, part } from "../format.ts";
import { useLaterSeconds } from "../live/index.ts";
import { addressOf } from "../location.ts";
import { Bar } from "./bar.tsx";
import { provenanceText } from "./provenance.ts";

export interface RegionTableProps {
  readonly regions: RegionList;
  readonly load: LoadView;
}

function Table({ load, regions }: RegionTableProps) {
  const laterSeconds = useLaterSeconds(regions);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard.
    <section className="scrolls card" tabIndex={0} aria-label="Regions">
      <table className="regions">
        <thead>
          <tr>
            <th scope="col">Region</th>
            <th scope="col">GPUs in use</th>
            <th scope="col">Type</th>
            <th scope="col" data-layout="number">
              Price
            </th>
            <th scope="col" data-layout="number">
              PUE
            </th>
            <th scope="col" data-layout="number">
              Carbon
            </th>
          </tr>
        </thead>
        <tbody>
          {regions.regions.map((region) => {
            const { gpus, name } = region;
            const used = gpus - (load.freeGpus[name] ?? region.freeGpus);
            return (
              <tr key={name}>
                <th scope="row">
                  <a href={addressOf(["regions", name])}>{name}</a>{" "}
                  {region.cordon && <span className="tag">{region.cordon}</span>}
                </th>
                <td className="use">
                  {used} of {gpus}
                  <Bar fraction={part(used, gpus)} />
                </td>
                <td>
                  {region.gpuType} {region.emulated && <span className="tag">emulated</span>}
                </td>
                <td data-layout="number">
                  {pricePerKwh(region.priceUsdPerKwh)}
                  <div className="small">{provenanceText(region.priceFrom, laterSeconds)}</div>
                </td>
                <td data-layout="number">{figure(region.pue)}</td>
                <td data-layout="number">
                  {carbonText(region.carbonGramsPerKwh ?? null)}
                  <div className="small">
                    {region.carbonGramsPerKwh != null && provenanceText(region.carbonFrom, laterSeconds)}
                  </div>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

export const RegionTable = memo(Table);
