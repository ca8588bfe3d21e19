// The browser: Debian's Chromium, without anything by which it would speak to its maker.
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const EXECUTABLE = process.env["BACE_CHROMIUM"] ?? "/usr/bin/chromium";
const FLAGS = [
  ...["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update"],
  ...["--disable-sync", "--no-first-run"],
];

export function whyNoChromium(): string | undefined {
  if (existsSync(EXECUTABLE)) return undefined;
  return `there is no ${EXECUTABLE}; install chromium (Debian: apt-get install chromium), or say where it is: BACE_CHROMIUM=/path/to/chrome`;
}

export function launchChromium(flags: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: EXECUTABLE, args: [...FLAGS, ...flags] });
}
