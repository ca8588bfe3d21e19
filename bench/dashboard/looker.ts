// Somebody who looks at the overview for a while: what the first load takes, how even the frames come, and what memory grows.
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, CDPSession, Page } from "playwright-core";

export interface FirstLoad {
  /** Of the page's files over the wire, and as they are after that. */
  readonly wireBytes: number;
  readonly fileBytes: number;
  /** Of the stream until all has been told. */
  readonly toldBytes: number;
  /** From the address typed in to the first text, to the fleet with all jobs, and to the answer to a key after that. */
  readonly firstTextSeconds: number;
  readonly contentSeconds: number;
  readonly interactiveSeconds: number;
}

export interface Sample {
  readonly minutes: number;
  /** After a collection of all garbage. */
  readonly heapMb: number;
  readonly domNodes: number;
}

export interface Frames {
  /** Milliseconds from each frame to the next. */
  readonly betweenMs: readonly number[];
  /** Tasks of more than 50 ms, in which the page answers to nothing. */
  readonly longTasksMs: readonly number[];
}

/** Runs in the page, before anything of it does. */
function watch(): void {
  const seen = { betweenMs: [] as number[], longTasksMs: [] as number[] };
  Object.assign(globalThis, { seen });
  let last: number | undefined;
  const frame = (now: number) => {
    if (last !== undefined) seen.betweenMs.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) seen.longTasksMs.push(duration);
  });
  observer.observe({ type: "longtask" });
}

export async function open(browser: Browser): Promise<{ page: Page; session: CDPSession }> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  // What esbuild leaves in functions with names.
  await page.addInitScript("globalThis.__name = (named) => named");
  await page.addInitScript(watch);
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Performance.enable");
  return { page, session };
}

export async function firstLoad(page: Page, session: CDPSession, url: string): Promise<FirstLoad> {
  const bytes = { wireBytes: 0, fileBytes: 0, toldBytes: 0 };
  const told = new Set<string>();
  session.on("Network.responseReceived", ({ requestId, response }) => {
    if (response.mimeType === "text/event-stream") told.add(requestId);
  });
  session.on("Network.loadingFinished", ({ encodedDataLength, requestId }) => {
    if (!told.has(requestId)) bytes.wireBytes += encodedDataLength;
  });
  session.on("Network.dataReceived", ({ dataLength, requestId }) => {
    if (told.has(requestId)) bytes.toldBytes += dataLength;
    else bytes.fileBytes += dataLength;
  });
  const since = performance.now();
  await page.goto(url);
  await page.locator("main h1").waitFor({ timeout: 120_000 });
  const contentSeconds = (performance.now() - since) / 1000;
  const loaded = { ...bytes };
  await page.keyboard.press("Tab");
  await page.waitForFunction(() => document.activeElement !== document.body);
  const interactiveSeconds = (performance.now() - since) / 1000;
  const firstTextMs = await page.evaluate(
    () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN,
  );
  return { ...loaded, firstTextSeconds: firstTextMs / 1000, contentSeconds, interactiveSeconds };
}

/** Frames of so many minutes, and what memory holds every so often meanwhile. */
export async function look(
  page: Page,
  session: CDPSession,
  minutes: number,
  everySeconds: number,
  tell: (sample: Sample) => void,
): Promise<{ readonly frames: Frames; readonly samples: readonly Sample[] }> {
  const samples: Sample[] = [];
  const frames: Frames = { betweenMs: [], longTasksMs: [] };
  const since = performance.now();
  const rounds = Math.ceil((minutes * 60) / everySeconds);
  for (let i = 1; i <= rounds; i++) {
    await forget(page);
    await sleep(Math.max(0, since + 1000 * everySeconds * i - performance.now()));
    const seen = await page.evaluate(() => (globalThis as unknown as { seen: Frames }).seen);
    (frames.betweenMs as number[]).push(...seen.betweenMs);
    (frames.longTasksMs as number[]).push(...seen.longTasksMs);
    const sample = await sampled(page, session, (performance.now() - since) / 60_000);
    samples.push(sample);
    tell(sample);
  }
  return { frames, samples };
}

/** Frames while garbage is collected for a sample are none of what somebody sees. */
async function forget(page: Page): Promise<void> {
  await page.evaluate(() => {
    const { seen } = globalThis as unknown as { seen: { betweenMs: number[]; longTasksMs: number[] } };
    seen.betweenMs.length = 0;
    seen.longTasksMs.length = 0;
  });
}

async function sampled(page: Page, session: CDPSession, minutes: number): Promise<Sample> {
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  const domNodes = await page.evaluate(() => document.querySelectorAll("*").length);
  return { minutes, heapMb: usedSize / 1e6, domNodes };
}

/** Seconds in which the page's main thread was busy, since it was opened. */
export async function busySeconds(session: CDPSession): Promise<Readonly<Record<string, number>>> {
  const { metrics } = await session.send("Performance.getMetrics");
  return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
}
