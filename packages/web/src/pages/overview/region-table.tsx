// What the map shows, in words and figures.
import { pricePerKwh, UNKNOWN } from "@bace-pipe/core/format";
import { memo } from "react";
import type { LoadView, RegionList } from "../../api.ts";
import { carbonText } from "../../format.ts";
import { addressOf } from "../../location.ts";

export interface RegionTableProps {
  readonly regions: RegionList;
  readonly load: LoadView;
}

function Table({ load, regions }: RegionTableProps) {
  return (
    <details className="table">
      <summary>The map as a table</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard. */}
      <section className="scrolls" tabIndex={0} aria-label="Regions">
        <table>
          <thead>
            <tr>
              <th scope="col">Region</th>
              <th scope="col" data-layout="number">
                Free
              </th>
              <th scope="col" data-layout="number">
                GPUs
              </th>
              <th scope="col">Type</th>
              <th scope="col" data-layout="number">
                Price
              </th>
              <th scope="col" data-layout="number">
                Carbon
              </th>
            </tr>
          </thead>
          <tbody>
            {regions.regions.map(({ carbonGramsPerKwh, gpus, gpuType, name, priceUsdPerKwh }) => (
              <tr key={name}>
                <th scope="row">
                  <a href={addressOf(["regions", name])}>{name}</a>
                </th>
                <td data-layout="number">{load.freeGpus[name] ?? UNKNOWN}</td>
                <td data-layout="number">{gpus}</td>
                <td>{gpuType}</td>
                <td data-layout="number">{pricePerKwh(priceUsdPerKwh)}</td>
                <td data-layout="number">{carbonText(carbonGramsPerKwh ?? null)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  );
}

export const RegionTable = memo(Table);
