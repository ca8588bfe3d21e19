// What grows with time alone, and is told by the service only now and then.
import { expect, test } from "vitest";
import { ageText } from "../src/pages/regions/link-matrix.tsx";
import { provenanceText } from "../src/parts/provenance.ts";
import { waitedSeconds } from "../src/parts/waited.tsx";
import { job } from "./support/job.ts";

test("a job waits on after it was told, until it starts or is over", () => {
  const waiting = job("a", "queued", { submittedSeconds: 100, waitSeconds: 0 });
  expect(waitedSeconds(waiting, 160)).toBe(60);
  // The browser's clock may be a little behind.
  expect(waitedSeconds(waiting, 99)).toBe(0);
  const begun = { submittedSeconds: 100, waitSeconds: 5, startedSeconds: 105 };
  expect(waitedSeconds(job("b", "running", begun), 160)).toBe(5);
  // Placed before, and in the queue again.
  expect(waitedSeconds(job("c", "queued", begun), 160)).toBe(5);
  const cancelled = { submittedSeconds: 100, waitSeconds: 7, endedSeconds: 107 };
  expect(waitedSeconds(job("d", "ended", cancelled), 160)).toBe(7);
});

test("a figure grows old while the page stays open", () => {
  const from = { source: "market", ageSeconds: 10, isDefault: false };
  expect(provenanceText(from, 0)).toBe("market, 10 s old");
  expect(provenanceText(from, 50)).toBe("market, 60 s old");
  const link = {
    ...{ to: "b", bandwidthBitsPerSecond: 1e9, reservedBitsPerSecond: 0, latencySeconds: 0.01 },
    ...{ bandwidthFrom: from, latencyFrom: from, limit: { bitsPerSecond: 1e8, ageSeconds: 5 } },
  };
  expect(ageText(link, 50)).toBe("market, 60 s old; jobs got 100 Mbit/s 55 s ago");
});
