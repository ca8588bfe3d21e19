// One file of everything a run needs, so that processes start at once, and so that it can be a broken build.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type MutantName, mutantPlugin } from "./mutants.ts";

/** Calls back with the path of the bundle of `seeds.ts`, which is gone afterwards. */
export async function withBundle<T>(
  mutant: MutantName | undefined,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "bace-dst-"));
  try {
    const outfile = join(folder, "seeds.mjs");
    await build({
      entryPoints: [fileURLToPath(new URL("seeds.ts", import.meta.url))],
      ...{ outfile, bundle: true, platform: "node", format: "esm", logLevel: "error" },
      // CommonJS dependencies call require, which an ES module has not.
      banner: {
        js: "import {createRequire as makeRequire} from 'node:module'; const require = makeRequire('/');",
      },
      plugins: mutant ? [mutantPlugin(mutant)] : [],
    });
    return await use(outfile);
  } finally {
    await rm(folder, { recursive: true });
  }
}
