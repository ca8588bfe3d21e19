// Findings as a table per region: what is to be done stands under what was found.
import type { Colors } from "../io.ts";
import { type Column, table } from "../render/table.ts";
import { LEVELS, type Level, type RegionFinding } from "./finding.ts";

export function checkText(findings: readonly RegionFinding[], colors: Colors): string {
  const paint: Readonly<Record<Level, (text: string) => string>> = {
    ok: colors.green,
    "not looked at": colors.dim,
    warning: colors.yellow,
    problem: colors.red,
  };
  const columns: readonly Column<RegionFinding>[] = [
    { heading: "CHECK", cell: ({ check }) => check },
    { heading: "RESULT", cell: ({ level }) => paint[level](level) },
    { heading: "FINDING", cell: ({ finding }) => finding },
  ];
  const regions = [...new Set(findings.map(({ region }) => region))];
  const parts = regions.map((name) => {
    const own = findings.filter(({ region }) => region === name);
    const mends = own.filter(({ mend }) => mend !== null).map(({ check, mend }) => `  ${check}: ${mend}\n`);
    const todo = mends.length > 0 ? `${colors.bold("to do")}\n${mends.join("")}` : "";
    return `${colors.bold(name)}\n${table(columns, own, { colors })}${todo}`;
  });
  return `${parts.join("\n")}\n${sumText(findings)}\n`;
}

function sumText(findings: readonly RegionFinding[]): string {
  return LEVELS.map((level) => `${findings.filter((each) => each.level === level).length} ${level}`).join(
    ", ",
  );
}
