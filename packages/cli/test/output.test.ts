import { PassThrough } from "node:stream";
import pc from "picocolors";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { canAnimate, streamOf, wantsColor } from "../src/io.ts";
import { rendered } from "../src/render/output.ts";
import { createScreen } from "../src/render/screen.ts";
import { type Column, table } from "../src/render/table.ts";

const VALUE = { jobs: [{ id: "a", lastLoss: null }] };
const colors = pc.createColors(false);

test("json and yaml are the value itself", () => {
  const draw = () => "never drawn";
  expect(JSON.parse(rendered("json", VALUE, draw))).toEqual(VALUE);
  expect(parse(rendered("yaml", VALUE, draw))).toEqual(VALUE);
});

test("table and wide are drawn", () => {
  const draw = (wide: boolean) => (wide ? "wide" : "narrow");
  expect(rendered("table", VALUE, draw)).toBe("narrow");
  expect(rendered("wide", VALUE, draw)).toBe("wide");
});

test("columns line up, whatever the colours", () => {
  const columns: readonly Column<readonly [string, string]>[] = [
    { heading: "JOB", cell: ([name]) => pc.createColors(true).green(name) },
    { heading: "STEP", align: "right", cell: ([, step]) => step },
    { heading: "MORE", wide: true, cell: () => "more" },
  ];
  const plain = table(columns, [["long-name", "1"]], { colors })
    .replaceAll("\x1b[32m", "")
    .replaceAll("\x1b[39m", "");
  expect(plain).toBe("JOB        STEP\nlong-name     1\n");
  expect(table(columns, [["a", "1"]], { colors, wide: true })).toContain("MORE");
});

test("colour only on a terminal that was not asked to do without", () => {
  expect(wantsColor(true, {})).toBe(true);
  expect(wantsColor(false, {})).toBe(false);
  expect(wantsColor(true, { NO_COLOR: "1" })).toBe(false);
  expect(wantsColor(true, { TERM: "dumb" })).toBe(false);
  expect(wantsColor(true, { CI: "true" })).toBe(false);
});

test("pictures are drawn again in place on a terminal alone, and not where a build keeps what it shows", () => {
  expect(canAnimate(true, { CI: "false" })).toBe(true);
  expect(canAnimate(true, { NO_COLOR: "1" })).toBe(true);
  expect(canAnimate(false, {})).toBe(false);
  expect(canAnimate(true, { TERM: "dumb" })).toBe(false);
  expect(canAnimate(true, { CI: "1" })).toBe(false);
});

test("a screen repeats itself only when something changed, and in place on a terminal", () => {
  const show = (isTerminal: boolean) => {
    let written = "";
    const write = (text: string) => {
      written += text;
    };
    const screen = createScreen({
      ...{ write, draw: write },
      isTerminal,
      rows: () => 24,
      columns: () => 120,
      colors,
    });
    for (const picture of ["one\n", "one\n", "two\n"]) screen.show(picture);
    return written;
  };
  expect(show(false)).toBe("one\n\ntwo\n");
  expect(show(true).split("one")).toHaveLength(2);
  expect(show(true)).toContain("\x1b[1A\r");
});

test("a terminal is told nothing that it would obey but colours; a file gets what was said", () => {
  const said = "\x1b[32mrunning\x1b[39m: \x1b]0;title\x07\x1b[2J\x9b1A\u202ereason\tof a job\n";
  const written = (isTTY: boolean) => {
    const stream = Object.assign(new PassThrough(), { isTTY });
    const out = streamOf(stream as unknown as NodeJS.WriteStream, {});
    out.write(said);
    createScreen(out).show("\x1b[2Jpicture\n");
    return String(stream.read());
  };
  expect(written(false)).toBe(`${said}\x1b[2Jpicture\n`);
  expect(written(true)).toBe(
    "\x1b[32mrunning\x1b[39m: ]0;title[2J1Areason\tof a job\n\r\x1b[?7l[2Jpicture\x1b[K\n\x1b[J\x1b[?7h",
  );
});
