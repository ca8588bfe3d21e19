// One word on whether what is shown is live.
import { useConnection } from "../live/index.ts";

const WORDS = {
  connecting: "connecting",
  live: "live",
  lost: "not reachable",
  refused: "refused",
  "no-token": "no token",
} as const;

export function Freshness() {
  const { kind } = useConnection();
  return (
    <p className={kind === "live" ? "freshness live" : "freshness"} role="status">
      {WORDS[kind]}
    </p>
  );
}
