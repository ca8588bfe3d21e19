import { afterEach, expect, test, vi } from "vitest";
import { untilSeen } from "../src/seen.ts";

afterEach(() => void vi.unstubAllGlobals());

function page(visibilityState: "visible" | "hidden") {
  const document = Object.assign(new EventTarget(), { visibilityState });
  vi.stubGlobal("document", document);
  return (next: typeof visibilityState) => {
    document.visibilityState = next;
    document.dispatchEvent(new Event("visibilitychange"));
  };
}

/** Whether it is seen by now. */
async function isSeen(seen: Promise<void>): Promise<boolean> {
  return Promise.race([seen.then(() => true), Promise.resolve().then(() => Promise.resolve(false))]);
}

test("a page that is looked at need not wait", async () => {
  page("visible");
  expect(await isSeen(untilSeen(new AbortController().signal))).toBe(true);
});

test("a page behind others waits until it is in front, and no longer listens once it is gone", async () => {
  const turn = page("hidden");
  const stop = new AbortController();
  const [seen, gone] = [untilSeen(new AbortController().signal), untilSeen(stop.signal)];
  stop.abort();
  turn("hidden");
  expect(await isSeen(seen)).toBe(false);
  turn("visible");
  expect(await isSeen(seen)).toBe(true);
  expect(await isSeen(gone)).toBe(false);
});
