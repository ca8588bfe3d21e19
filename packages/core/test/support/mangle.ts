// Documents and texts with something wrong in them: values that cannot be, fields that are gone, doubled or renamed, lines that
// are cut, moved or repeated. One seed gives one sequence.
import { randomStream } from "../../src/simulator/random.ts";

const HOSTILE: readonly unknown[] = [
  ...[null, true, false, 0, -0, -1, 0.5, 1e-320, 1e308, -1e308, 2 ** 53, 2 ** 31, 2 ** 63],
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  ...[
    "",
    " ",
    "0",
    "-1",
    "1e999",
    "NaN",
    ".inf",
    "5 parsecs",
    "1 Gbit/s/s",
    "-3 GB",
    "٣",
    "१",
    "0x10",
    "1_000",
  ],
  ...[
    "a\nb",
    "a\r\nb",
    "a\0b",
    "$(reboot)",
    "`id`",
    "; rm -rf x",
    "'",
    '"',
    "\\",
    "../../etc/passwd",
    "/",
    "\u202e",
    "\ud800",
  ],
  ...[
    "__proto__",
    "constructor",
    "toString",
    "x".repeat(5000),
    "<script>",
    "%00",
    "!!js/function x",
    "*alias",
    "&a",
  ],
  ...[[], {}, [[]], [{}], { a: { a: { a: {} } } }, Array.from({ length: 300 }, (_, i) => i)],
  ...[JSON.parse('{"__proto__": {"polluted": true}}'), { length: 1e9 }],
];

export interface Mangler {
  /** Another document, with one to three things wrong. */
  document(sound: unknown): unknown;
  /** Another text, with one to three things wrong. */
  text(sound: string): string;
}

export function createMangler(seed: number): Mangler {
  const draw = randomStream(seed, "mangle");
  const below = (n: number) => Math.floor(draw() * n);
  const pick = <T>(from: readonly T[]): T => from[below(from.length)]!;
  const times = (work: () => void) => {
    for (let n = 1 + below(3); n > 0; n--) work();
  };

  return {
    document(sound) {
      const root = { it: structuredClone(sound) };
      times(() => {
        const [holder, key] = pick(placesOf(root));
        const fields = holder as Record<string, unknown>;
        switch (below(4)) {
          case 0:
            if (holder !== root) delete fields[key];
            return;
          case 1:
            fields[`${key}${pick(["s", "X", " ", "\n", "Seconds"])}`] = fields[key];
            return;
          default:
            fields[key] = structuredClone(pick(HOSTILE)); // or later things wrong would be in it too
        }
      });
      return root.it;
    },

    text(sound) {
      let lines = sound.split("\n");
      times(() => {
        const at = below(lines.length);
        const line = lines[at]!;
        const cut = below(line.length + 1);
        const changed = [
          [],
          [line, line],
          [`${" ".repeat(below(4))}${line}`],
          [line.slice(0, cut)],
          [
            `${line.slice(0, cut)}${pick(["\t", "{", "[", "}", ":", "- ", "#", "&a ", "*a", "\u0000", "'", '"', "|", "!!int "])}${line.slice(cut)}`,
          ],
          [line.replace(/[-\d.]+/, String(pick(HOSTILE)))],
          [pick(lines), line],
        ];
        lines = lines.toSpliced(at, 1, ...pick(changed));
        if (lines.length === 0) lines = [""];
      });
      return lines.join("\n");
    },
  };
}

/** Every field and element: who holds it, and its name. */
function placesOf(holder: object): (readonly [object, string])[] {
  return Object.entries(holder).flatMap(([key, value]) => [
    [holder, key] as const,
    ...(typeof value === "object" && value !== null ? placesOf(value) : []),
  ]);
}
