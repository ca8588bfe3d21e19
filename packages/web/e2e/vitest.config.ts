// `npm run e2e:browser`: the dashboard of a live service in a real Chromium. Where there is none it says so and does nothing,
// unless BACE_BROWSER_NEEDED is set.
import { defineConfig } from "vitest/config";
import { whyNoChromium } from "./support/chromium.ts";

const why = whyNoChromium();
if (why !== undefined) {
  process.stderr.write(`\n*** tests of the dashboard in a browser are LEFT OUT: ${why} ***\n\n`);
  if (process.env["BACE_BROWSER_NEEDED"]) process.exit(1);
}

export default defineConfig({
  test: {
    include: why === undefined ? ["packages/web/e2e/**/*.test.ts"] : [],
    passWithNoTests: why !== undefined,
    globalSetup: why === undefined ? ["packages/web/e2e/support/global-setup.ts"] : [],
    // One service and two cores: side by side tests would only wait for one another.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 240_000,
  },
});
