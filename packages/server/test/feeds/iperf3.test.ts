// What iperf3 leaves of a probe, in invented numbers.
import { describe, expect, test } from "vitest";
import { ask, fixture, seconds } from "./support.ts";
import { withSource } from "./with-source.ts";

const NOON = "2026-03-10T12:00:00Z";
const at = seconds(NOON);
const world = withSource();
const { answers, feedFrom } = world;

describe("iperf3", () => {
  const feed = () =>
    feedFrom("kind: iperf3, name: probe, links: [{from: north, to: south, file: iperf3.json}]");
  const byUrl = () =>
    feedFrom(
      `kind: iperf3, name: probe, links: [{from: north, to: south, url: "${world.source.url}/probe"}]`,
    );
  const probe = JSON.parse(fixture("iperf3.json"));

  test("says what arrived, and half of the least round trip, when it was over", async () => {
    expect(await ask(feed(), NOON)).toEqual({
      facts: [
        {
          ...{ kind: "link-changed", from: "north", to: "south", source: "probe" },
          ...{ bandwidthBitsPerSecond: 4e9, latencySeconds: 0.012, observedAtSeconds: at - 20 + 10.02 },
        },
      ],
      failures: [],
    });
  });

  test("from the server's side measures the other direction, and knows no round trip", async () => {
    const reverse = structuredClone(probe);
    reverse.start.test_start.reverse = 1;
    for (const { sender } of reverse.end.streams) delete sender.mean_rtt;
    answers({ probe: reverse });
    const { facts } = await ask(byUrl(), NOON);
    expect(facts).toMatchObject([{ from: "south", to: "north", bandwidthBitsPerSecond: 4e9 }]);
    expect(facts[0]).not.toHaveProperty("latencySeconds");
  });

  test.each<[string, unknown, string]>([
    ["an error", { error: "unable to connect to server: Connection refused" }, "probe-failed"],
    [
      "an error after the start",
      { ...probe, error: "control socket has closed unexpectedly" },
      "probe-failed",
    ],
    [
      "a test over UDP",
      { ...probe, start: { ...probe.start, test_start: { protocol: "UDP" } } },
      "bad-answer",
    ],
    ["no end", { start: probe.start, end: {} }, "bad-answer"],
    ["nothing that arrived", { ...probe, end: { sum_received: { bits_per_second: 0 } } }, "probe-failed"],
    ["a list", [probe], "bad-answer"],
  ])("%s is no figure", async (_, body, code) => {
    answers({ probe: body });
    expect(await ask(byUrl(), NOON)).toMatchObject({
      facts: [],
      failures: [{ code, about: "north → south" }],
    });
  });

  test("a file that is cut off is none", async () => {
    world.source.answer = () => ({ body: fixture("iperf3.json").slice(0, 900) });
    expect(await ask(byUrl(), NOON)).toMatchObject({ failures: [{ code: "bad-answer" }] });
  });
});
