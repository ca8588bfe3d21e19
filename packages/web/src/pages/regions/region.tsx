// One region: what is free, what electricity costs there and how clean it is, hour by hour, and where its links lead.
import { bitRate, duration, figure, gpus, pricePerKwh, share, UNKNOWN } from "@bace-pipe/core/format";
import type { JobView, LoadView, RegionList } from "../../api.ts";
import { carbonText, part } from "../../format.ts";
import { useKnown, useLaterSeconds } from "../../live/index.ts";
import { addressOf } from "../../location.ts";
import { Bar } from "../../parts/bar.tsx";
import { provenanceText } from "../../parts/provenance.ts";
import { RegionActions } from "../../parts/region-actions.tsx";
import { ageText } from "./link-matrix.tsx";
import { SeriesCharts } from "./series.tsx";

export interface RegionDetailProps {
  readonly name: string;
  readonly regions: RegionList;
  readonly load: LoadView;
}

export function RegionDetail({ load, name, regions }: RegionDetailProps) {
  const { jobs } = useKnown();
  const laterSeconds = useLaterSeconds(regions);
  const region = regions.regions.find((each) => each.name === name);
  if (!region)
    return (
      <>
        <h1>No such region</h1>
        <p>
          There is no region “{name}”. <a href={addressOf(["regions"])}>All regions</a>
        </p>
      </>
    );
  const used = region.gpus - (load.freeGpus[name] ?? region.freeGpus);
  const reserved = new Map(
    load.links.map(({ from, reservedBitsPerSecond, to }) => [`${from}\n${to}`, reservedBitsPerSecond]),
  );
  return (
    <>
      <p className="small">
        <a href={addressOf(["regions"])}>Regions</a> /
      </p>
      <h1>
        {name} {region.cordon && <span className="tag">{region.cordon}</span>}{" "}
        {region.emulated && <span className="tag">emulated</span>}
      </h1>
      <dl>
        <dt>GPUs</dt>
        <dd>
          {used} of {gpus(region.gpus)} in use ({region.gpuType})
          <Bar fraction={part(used, region.gpus)} />
        </dd>
        <dt>Electricity</dt>
        <dd>
          {pricePerKwh(region.priceUsdPerKwh)}, PUE {figure(region.pue)}{" "}
          <span className="small">{provenanceText(region.priceFrom, laterSeconds)}</span>
        </dd>
        <dt>Carbon</dt>
        <dd>
          {carbonText(region.carbonGramsPerKwh ?? null)}{" "}
          <span className="small">
            {region.carbonGramsPerKwh != null && provenanceText(region.carbonFrom, laterSeconds)}
          </span>
        </dd>
      </dl>
      <RegionActions region={region} />
      <SeriesCharts region={name} />
      <section aria-labelledby="links-of">
        <h2 id="links-of">Links from here</h2>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard. */}
        <section className="scrolls card" tabIndex={0} aria-label="Table of links">
          <table aria-labelledby="links-of">
            <thead>
              <tr>
                <th scope="col">To</th>
                <th scope="col">Reserved</th>
                <th scope="col" data-layout="number">
                  Planned with
                </th>
                <th scope="col" data-layout="number">
                  Latency
                </th>
                <th scope="col">Known from</th>
              </tr>
            </thead>
            <tbody>
              {region.links.map((link) => {
                const fraction = part(reserved.get(`${name}\n${link.to}`) ?? 0, link.bandwidthBitsPerSecond);
                return (
                  <tr key={link.to}>
                    <th scope="row">
                      <a href={addressOf(["regions", link.to])}>{link.to}</a>
                    </th>
                    <td>
                      {share(fraction)} of {bitRate(link.bandwidthBitsPerSecond)}
                      <Bar fraction={fraction} />
                    </td>
                    <td data-layout="number">
                      {link.plannedBitsPerSecond === undefined ? UNKNOWN : bitRate(link.plannedBitsPerSecond)}
                    </td>
                    <td data-layout="number">{duration(link.latencySeconds)}</td>
                    <td>{ageText(link, laterSeconds)}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </section>
      </section>
      <Holders region={name} jobs={jobs.values()} />
    </>
  );
}

interface HoldersProps {
  readonly region: string;
  readonly jobs: Iterable<JobView>;
}

function Holders({ jobs, region }: HoldersProps) {
  const here = [...jobs].flatMap((job) => {
    const held =
      job.phase === "ended" ? undefined : job.placement?.regions.find((each) => each.region === region);
    return held ? [{ id: job.id, phase: job.phase, held: held.gpus }] : [];
  });
  return (
    <section aria-labelledby="holders">
      <h2 id="holders">Jobs here</h2>
      {here.length === 0 && <p>None.</p>}
      <ul className="holders">
        {here.map(({ held, id, phase }) => (
          <li key={id}>
            <a href={addressOf(["jobs", id])}>{id}</a> {gpus(held)}, {phase}
          </li>
        ))}
      </ul>
    </section>
  );
}
