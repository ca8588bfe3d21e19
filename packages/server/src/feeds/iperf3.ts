// Links from probes with iperf3: what `iperf3 -c HOST -J` has printed, in a file that a timer writes or behind an address.
// What arrived counts, not what was sent. Half of the mean round trip is the latency. A probe from the server's side
// (`--reverse`) measures the other direction. A probe sees what jobs that run leave of a link, so it is best run when
// they are few; what ranks measure of their own transfers needs no probe (ADR 10).
// Left out: UDP, where the rate is what was asked for, and --bidir.
import type { InputFact } from "@bace-pipe/core";
import type { FeedSourceOf } from "@bace-pipe/core/spec";
import { askEach, type Feed, failed, type Got, got } from "./feed.ts";
import { type FeedContext, jsonOf, saidText, textAt, valueAtPath } from "./place.ts";

type Source = FeedSourceOf<"iperf3">;

export function iperf3Feed(source: Source, context: FeedContext): Feed {
  const { everySeconds, links, maxBytes, name, timeoutSeconds } = source;
  return {
    ...{ name, everySeconds },
    ask: (nowSeconds, signal) =>
      askEach(links, async ({ file, from, to, url }) => {
        const about = `${from} → ${to}`;
        const at = { context, nowSeconds, signal };
        const found = await textAt({ file, url, maxBytes, timeoutSeconds }, "json", about, {}, at);
        if (!found.ok) return found;
        const parsed = jsonOf(found.value.text, about);
        return parsed.ok ? linkOf(parsed.value, { from, to, name, about }) : parsed;
      }),
  };
}

interface Ends {
  readonly from: string;
  readonly to: string;
  readonly name: string;
  readonly about: string;
}

function linkOf(probe: unknown, { about, from, name, to }: Ends): Got<readonly InputFact[]> {
  const number = (path: string) => {
    const value = valueAtPath(probe, path);
    return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
  };
  const bad = (message: string) =>
    failed("bad-answer", about, message, "is it what iperf3 -J prints, of a whole test over TCP?");
  const error = valueAtPath(probe, "error");
  if (error !== undefined) {
    const said = saidText(error) || "without a reason";
    return failed("probe-failed", about, said, "does the server run, and does the probe get there?");
  }
  if (valueAtPath(probe, "start.test_start.protocol") === "UDP") return bad("it is a test over UDP");
  const bandwidthBitsPerSecond = number("end.sum_received.bits_per_second");
  const startedSeconds = number("start.timestamp.timesecs");
  if (bandwidthBitsPerSecond === undefined || startedSeconds === undefined)
    return bad("it does not say what arrived, or when");
  if (bandwidthBitsPerSecond === 0)
    return failed("probe-failed", about, "nothing arrived", "is the link up?");
  const observedAtSeconds = startedSeconds + (number("end.sum_received.seconds") ?? 0);
  const roundTrips = streamsOf(probe).flatMap((stream) => {
    const microseconds = valueAtPath(stream, "sender.mean_rtt");
    return typeof microseconds === "number" && microseconds > 0 ? [microseconds / 1e6] : [];
  });
  const latency = roundTrips.length > 0 ? { latencySeconds: Math.min(...roundTrips) / 2 } : {};
  const [sender, receiver] = number("start.test_start.reverse") === 1 ? [to, from] : [from, to];
  return got([
    {
      ...{ kind: "link-changed", from: sender, to: receiver, source: name, observedAtSeconds },
      ...{ bandwidthBitsPerSecond, ...latency },
    },
  ]);
}

function streamsOf(probe: unknown): readonly unknown[] {
  const streams = valueAtPath(probe, "end.streams");
  return Array.isArray(streams) ? streams : [];
}
