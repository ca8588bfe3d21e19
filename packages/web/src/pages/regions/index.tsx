// Regions: what is free of them, what it costs, and what is reserved of their links.
import "./regions.css";
import { useKnown } from "../../live/index.ts";
import { Regions } from "./cards.tsx";

export function RegionsPage() {
  const { regions } = useKnown();
  if (!regions) return <p>Asking the service …</p>;
  return <Regions regions={regions.regions} />;
}
