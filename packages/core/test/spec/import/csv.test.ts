import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readCsv } from "../../../src/spec/csv.ts";
import { complaintsOf } from "./support.ts";

const tableOf = (text: string) => {
  const read = readCsv(text, "t.csv");
  if (!read.ok) throw new Error(JSON.stringify(read.diagnostics));
  return read.value;
};
const cellsOf = (text: string) => {
  const { columns, rows } = tableOf(text);
  return rows.map((row) => columns.map((column) => row.get(column)));
};

describe("readCsv", () => {
  it("takes quotes, commas, line breaks and doubled quotes inside of quotes, CRLF, a byte order mark", () => {
    expect(cellsOf('\uFEFFa,b\r\n"x, y","he said ""no"""\r\n"two\nlines",\r\n')).toEqual([
      ["x, y", 'he said "no"'],
      ["two\nlines", ""],
    ]);
  });

  it("gives back any cells that were written by the standard", () => {
    const cell = fc.string({ unit: fc.constantFrom("a", "1", " ", ",", '"', "\n", "\r\n", "é") });
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell, cell), { maxLength: 6 }), fc.boolean(), (rows, ends) => {
        const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
        const lines = [["x", "y", "z"], ...rows].map((row) => row.map(quoted).join(","));
        expect(cellsOf(lines.join("\n") + (ends ? "\n" : ""))).toEqual(rows);
      }),
    );
  });

  it("knows where each cell stands, behind quoted line breaks too", () => {
    const [row, last] = tableOf('a,b,c\n"1\n2",3,4\n\n5,6,7\n').rows;
    expect([row!.line, last!.line]).toEqual([2, 5]);
    const complaint = row!.diagnostic("c", "csv-value", "m", "h");
    expect(complaint).toEqual({
      code: "csv-value",
      file: "t.csv",
      line: 3,
      column: 6,
      field: "c",
      message: "m",
      hint: "h",
    });
    expect(last!.diagnostic("b", "csv-value", "m", "h")).toMatchObject({ line: 5, column: 3 });
  });

  it.each([
    ["an empty file", "", [], 1, 1, /empty/],
    ["a quote that is not closed", 'a,b\n1,"2\n3,4\n', [], 2, 3, /quote/],
    ["text beside a quoted field", 'a,b\n"1"x,2\n', [], 2, 1, /quote/],
    ["a row that is cut off", "a,b\n1,2\n3\n", [], 3, 1, /1 fields under a header of 2/],
    ["a name twice", "a,b,a\n", [], 1, 5, /two columns/],
    ["a missing column", "prise,b\n", ["price"], 1, 1, /no column "price"/],
  ] as const)("complains of %s", (_what, text, required, line, column, message) => {
    const [first] = complaintsOf(readCsv(text, "t.csv", required));
    expect(first).toMatchObject({ file: "t.csv", line, column });
    expect(first!.message).toMatch(message);
  });

  it("names the column that may be meant", () => {
    const [first] = complaintsOf(readCsv("prise,b\n", "t.csv", ["price"]));
    expect(first!.hint).toBe('did you mean "prise"?');
  });

  it("gives twenty complaints and says how many more there are", () => {
    const complaints = complaintsOf(readCsv(`a,b\n${"1\n".repeat(70)}`, "t.csv"));
    expect(complaints).toHaveLength(20);
    expect(complaints[19]!.message).toMatch(/\(and 50 more\)$/);
  });
});
