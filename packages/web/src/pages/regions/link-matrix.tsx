// Links from each region to each other: what they carry, what is reserved of them, and how old what is known of them is.
import { bitRate, duration, share } from "@bace-pipe/core/format";
import { memo } from "react";
import type { LoadView, RegionList, RegionView } from "../../api.ts";
import { part } from "../../format.ts";
import { useLaterSeconds } from "../../live/index.ts";
import { addressOf } from "../../location.ts";
import { provenanceText } from "../../parts/provenance.ts";

/** With more regions a cell is a colour, and says the rest when it is pointed at. */
const MOST_IN_WORDS = 12;

type Link = RegionView["links"][number];

export interface LinkMatrixProps {
  readonly regions: RegionList;
  readonly load: LoadView;
}

function Matrix({ load, regions: list }: LinkMatrixProps) {
  const { regions } = list;
  const isDense = regions.length > MOST_IN_WORDS;
  const laterSeconds = useLaterSeconds(list, isDense ? 60_000 : undefined);
  const reserved = new Map(
    load.links.map(({ from, reservedBitsPerSecond, to }) => [`${from}\n${to}`, reservedBitsPerSecond]),
  );
  return (
    <section aria-labelledby="links">
      <h2 id="links">Links</h2>
      <p className="small">
        From the region of the row to that of the column; the bluer, the larger the share that is reserved.
        {isDense && " Point at a cell for its figures; the page of a region has them as a table."}
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard. */}
      <section className="scrolls card" tabIndex={0} aria-label="Table of links">
        <table className={isDense ? "matrix dense" : "matrix"} aria-labelledby="links">
          <thead>
            <tr>
              <th scope="col">From \ to</th>
              {regions.map(({ name }) => (
                <th key={name} scope="col">
                  <span>{name}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {regions.map(({ links, name }) => {
              const linkTo = new Map(links.map((link) => [link.to, link]));
              return (
                <tr key={name}>
                  <th scope="row">
                    <a href={addressOf(["regions", name])}>{name}</a>
                  </th>
                  {regions.map(({ name: to }) => (
                    <Cell
                      key={to}
                      {...{ isDense, laterSeconds, link: linkTo.get(to) }}
                      reserved={reserved.get(`${name}\n${to}`) ?? 0}
                    />
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </section>
    </section>
  );
}

export const LinkMatrix = memo(Matrix);

interface CellProps {
  readonly isDense: boolean;
  readonly link: Link | undefined;
  readonly reserved: number;
  readonly laterSeconds: number;
}

/** Of a hundred regions there are ten thousand: only those are drawn again that are other than before. */
const Cell = memo(({ isDense, laterSeconds, link, reserved }: CellProps) => {
  if (!link) return <td className="none" />;
  const fraction = part(reserved, link.bandwidthBitsPerSecond);
  const background = `color-mix(in oklab, var(--use) ${Math.round(45 * fraction)}%, var(--card))`;
  if (isDense) return <td style={{ background }} title={linkText(link, reserved, laterSeconds)} />;
  return (
    <td style={{ background }}>
      {bitRate(link.bandwidthBitsPerSecond)} · {duration(link.latencySeconds)}
      <div className="small">{share(fraction)} reserved</div>
      <div className="small">{ageText(link, laterSeconds)}</div>
    </td>
  );
});

/** How old rate and latency are; once, where both come from the same place. */
export function ageText({ bandwidthFrom, latencyFrom, limit }: Link, laterSeconds: number): string {
  const rate = provenanceText(bandwidthFrom, laterSeconds);
  const delay = provenanceText(latencyFrom, laterSeconds);
  const text = rate === delay ? rate : `rate: ${rate}; latency: ${delay}`;
  if (!limit) return text;
  return `${text}; jobs got ${bitRate(limit.bitsPerSecond)} ${duration(limit.ageSeconds + laterSeconds)} ago`;
}

function linkText(link: Link, reserved: number, laterSeconds: number): string {
  const { bandwidthBitsPerSecond, latencySeconds } = link;
  return `${bitRate(bandwidthBitsPerSecond)}, ${duration(latencySeconds)}, ${share(part(reserved, bandwidthBitsPerSecond))} reserved (${ageText(link, laterSeconds)})`;
}
