// Builds that are broken on purpose, by one change of the source each: a simulation that does not catch them proves nothing.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";

interface Mutant {
  /** From the folder of packages. */
  readonly file: string;
  readonly changes: readonly (readonly [from: string, to: string])[];
}

export const MUTANTS = {
  /** Ranks of an epoch that is over are heard like those of the newest. */
  "fencing-skipped": {
    file: "server/src/gate.ts",
    changes: [
      ["if (!live || !isSame(live.launchKey, launchKey)) {", "if (!live) {"],
      ["if (live.number !== epoch) {", "if (live.number < epoch) {"],
    ],
  },
  /** A submit without a clear answer is made again, without asking what became of it. */
  "retry-on-unknown": {
    file: "server/src/effects.ts",
    changes: [["await settle(key, region);\n    } else", "await submit(effect);\n    } else"]],
  },
  /** What an epoch held is given back twice. */
  "double-release": {
    file: "core/src/control/reduce/epochs.ts",
    changes: [
      [
        "release(state.ledger!, placement);",
        "release(state.ledger!, placement); release(state.ledger!, placement);",
      ],
    ],
  },
  /** Jobs keep the GPUs that their region has lost. */
  "nobody-gives-way": {
    file: "core/src/control/give-way.ts",
    changes: [
      ["if (overfullSince.size === 0) return NOBODY;", "if (overfullSince.size >= 0) return NOBODY;"],
    ],
  },
  /** More bandwidth is reserved than there is. */
  "reserved-beyond": {
    file: "core/src/control/reduce/epochs.ts",
    changes: [
      ["return more <= 0 || residual", "return true || more <= 0 || residual"],
      [
        "const changed = { ...placement, hopBitsPerSecond };",
        "const changed = { ...placement, hopBitsPerSecond: hopBitsPerSecond.map((rate) => rate + 1e9) };",
      ],
    ],
  },
  /** Whoever waits in a group is answered before its append. */
  "acknowledged-early": {
    file: "server/src/writer.ts",
    changes: [
      [
        "await append(events);\n",
        "for (const { resolve } of taken) resolve();\n        await append(events);\n",
      ],
    ],
  },
  /** Facts are folded in before they are durable. */
  "seen-early": {
    file: "server/src/writer.ts",
    changes: [
      ["      world = folded(world, event);\n", ""],
      [
        "await log.append(events);",
        "for (const each of events) world = folded(world, each); await log.append(events);",
      ],
    ],
  },
  /** Those of a group do not see what is proposed before them. */
  "no-draft": {
    file: "server/src/group.ts",
    changes: [["propose(draft.state, draft.revision)", "propose(world.state, world.revision)"]],
  },
} as const satisfies Record<string, Mutant>;

export type MutantName = keyof typeof MUTANTS;

/** Applies a mutant while bundling. The build fails where the source is no longer what the mutant changes. */
export function mutantPlugin(name: MutantName): Plugin {
  const { changes, file }: Mutant = MUTANTS[name];
  const path = fileURLToPath(new URL(`../../${file}`, import.meta.url));
  return {
    name: `mutant ${name}`,
    setup(build) {
      build.onLoad({ filter: new RegExp(`${file.replaceAll(".", "\\.")}$`) }, async () => {
        let contents = await readFile(path, "utf8");
        for (const [from, to] of changes) {
          if (!contents.includes(from)) throw new Error(`${file} no longer holds: ${from}`);
          contents = contents.replaceAll(from, to);
        }
        return { contents, loader: "ts" };
      });
    },
  };
}
