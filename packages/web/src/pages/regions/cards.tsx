// Regions as cards: GPUs free of total, price, and what is reserved of each outgoing link.

import { bitRate, duration, figure, pricePerKwh, share } from "@bace-pipe/core/format";
import type { RegionView } from "../../api.ts";
import { part } from "../../format.ts";
import { Bar } from "../../parts/bar.tsx";

export function Regions({ regions }: { readonly regions: readonly RegionView[] }) {
  return (
    <section aria-labelledby="regions">
      <h2 id="regions">Regions</h2>
      <ul className="cards">
        {regions.map((region) => (
          <li key={region.name}>
            <Region region={region} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Region({ region }: { readonly region: RegionView }) {
  const used = region.gpus - region.freeGpus;
  return (
    <>
      <h3>
        {region.name} {region.emulated && <span className="tag">emulated</span>}
      </h3>
      <p className="small">
        {region.gpuType} · {pricePerKwh(region.priceUsdPerKwh)} · PUE {figure(region.pue)}
      </p>
      <Bar fraction={part(used, region.gpus)} />
      <p className="legend">
        <span className="swatch free" aria-hidden="true" />
        <strong>
          {region.freeGpus} of {region.gpus}
        </strong>{" "}
        GPUs free
        <span className="swatch" aria-hidden="true" />
        {used} in use
      </p>
      {region.links.length > 0 && <Links region={region} />}
    </>
  );
}

function Links({ region }: { readonly region: RegionView }) {
  return (
    <table className="links">
      <caption>Links from {region.name}</caption>
      <thead>
        <tr>
          <th scope="col">To</th>
          <th scope="col">Reserved</th>
          <th scope="col" data-layout="number">
            Latency
          </th>
        </tr>
      </thead>
      <tbody>
        {region.links.map(({ bandwidthBitsPerSecond, latencySeconds, reservedBitsPerSecond, to }) => (
          <tr key={to}>
            <th scope="row">{to}</th>
            <td>
              {share(part(reservedBitsPerSecond, bandwidthBitsPerSecond))} of{" "}
              {bitRate(bandwidthBitsPerSecond)}
              <Bar fraction={part(reservedBitsPerSecond, bandwidthBitsPerSecond)} />
            </td>
            <td data-layout="number">{duration(latencySeconds)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
