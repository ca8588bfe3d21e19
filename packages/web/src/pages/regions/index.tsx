// Regions: how much of each is free, what it costs there, and the links between them. One of them: region.tsx.
import "./regions.css";
import { useKnown } from "../../live/index.ts";
import { NotYet } from "../../parts/not-yet.tsx";
import { RegionTable } from "../../parts/region-table.tsx";
import type { PageProps } from "../index.ts";
import { LinkMatrix } from "./link-matrix.tsx";
import { RegionDetail } from "./region.tsx";

export function RegionsPage({ place }: PageProps) {
  const { isWhole, load, regions } = useKnown();
  const name = place.path[1];
  if (!isWhole) return <NotYet title={name ?? "Regions"} />;
  if (!regions || !load)
    return (
      <>
        <h1>Regions</h1>
        <p>
          No fleet yet: <code>bace up --fleet FILE</code> loads one.
        </p>
      </>
    );
  if (name !== undefined) return <RegionDetail name={name} regions={regions} load={load} />;
  return (
    <>
      <h1>Regions</h1>
      <RegionTable regions={regions} load={load} />
      <LinkMatrix regions={regions} load={load} />
    </>
  );
}
