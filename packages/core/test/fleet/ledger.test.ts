import { describe, expect, it } from "vitest";
import { holdAnyway, openLedger, release, reserve } from "../../src/fleet/ledger.ts";
import { fleetOf } from "../support/fleets.ts";

const fleet = fleetOf([{ gpus: 4 }, { gpus: 4 }], () => 1);
const placement = { regions: [0, 1], gpus: [2, 1], hopBitsPerSecond: [3e8] };

describe("a ledger", () => {
  it("takes and gives back what a placement holds, exactly", () => {
    const ledger = openLedger(fleet);
    reserve(ledger, placement);
    expect([...ledger.freeGpus]).toEqual([2, 3]);
    expect([...ledger.reservedBitsPerSecond]).toEqual([0, 3e8, 3e8, 0]);
    release(ledger, placement);
    expect({ ...ledger, changes: 0 }).toEqual(openLedger(fleet));
  });

  it("refuses what it does not have, and regions without a GPU", () => {
    const ledger = openLedger(fleet);
    expect(() => reserve(ledger, { ...placement, gpus: [5, 1] })).toThrow(
      "region 0 has 4 free GPUs, 5 asked",
    );
    expect(() => reserve(ledger, { ...placement, hopBitsPerSecond: [2e9] })).toThrow("hop 0-1");
    for (const hold of [reserve, holdAnyway])
      expect(() => hold(ledger, { ...placement, gpus: [2, 0] })).toThrow("not a placement");
    expect({ ...ledger, changes: 0 }).toEqual(openLedger(fleet));
  });

  it("takes back a placement seen in units of several GPUs, of which a region has none", () => {
    const ledger = openLedger(fleet);
    reserve(ledger, placement);
    release(ledger, { ...placement, gpus: [1, 0] });
    expect([...ledger.freeGpus]).toEqual([3, 3]);
    expect([...ledger.reservedBitsPerSecond]).toEqual([0, 0, 0, 0]);
  });
});
