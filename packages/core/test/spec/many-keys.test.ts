// Files that say a thing twice, and files of many things: both are looked through once.
import { expect, test } from "vitest";
import { parseScenario } from "../../src/spec/index.ts";

test("a key that is there twice is named, with its place", () => {
  const parsed = parseScenario(
    "version: 1\nname: a\nregions:\n  - {name: x, gpus: 1, name: y}\nname: b\n",
    "f.yaml",
  );
  expect(parsed).toMatchObject({
    ok: false,
    diagnostics: [
      { code: "yaml-syntax", line: 4, column: 24, hint: "keep one of the two" },
      { code: "yaml-syntax", line: 5, column: 1, message: 'not valid YAML: the key "name" is there twice' },
    ],
  });
});

test("of many errors the first are told", () => {
  const parsed = parseScenario("a: b: c\n".repeat(500), "f.yaml");
  expect(!parsed.ok && parsed.diagnostics.length).toBe(20);
});
