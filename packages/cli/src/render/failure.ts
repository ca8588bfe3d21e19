// Failures as people read them, after rustc: code, what is wrong, file:line:column, the line itself, what to do.
//
//   error[unknown-region]: link frankfurt → new-yrok ends in "new-yrok", which is not a region of this fleet
//     --> fleet.yaml:42:27 (links[0].to)
//      |
//   42 |   - {from: frankfurt, to: new-yrok, …}
//      |                           ^^^^^^^^
//      = help: did you mean "new-york"?
import { excerptOf } from "@bace-pipe/core/shell";
import type { Complaint, Failure } from "../failure.ts";
import type { Colors } from "../io.ts";

export function failureText(failure: Failure, colors: Colors): string {
  const { code, hint, complaints = [], texts } = failure.details;
  if (complaints.length === 0) {
    const help = hint === undefined ? "" : `  ${colors.cyan("=")} help: ${hint}\n`;
    return `${colors.bold(colors.red(`error[${code}]`))}: ${failure.message}\n${help}`;
  }
  const all = complaints.map((complaint) => complaintText(complaint, texts?.get(complaint.file), colors));
  return `${all.join("\n")}\n${failure.message}\n`;
}

export function complaintText(complaint: Complaint, text: string | undefined, colors: Colors): string {
  const { code, line, message, hint } = complaint;
  const { before, length, place, source } = excerptOf(complaint, text);
  const number = String(line);
  const gutter = " ".repeat(number.length);
  const bar = colors.cyan("|");
  const lines = [
    `${colors.bold(colors.red(`error[${code}]`))}: ${message}`,
    `${gutter}${colors.cyan("-->")} ${place}`,
  ];
  if (source !== undefined) {
    const carets = colors.red("^".repeat(length));
    lines.push(`${gutter} ${bar}`, `${colors.cyan(number)} ${bar} ${source}`.trimEnd());
    lines.push(`${gutter} ${bar} ${" ".repeat(before)}${carets}`);
  }
  lines.push(`${gutter} ${colors.cyan("=")} help: ${hint}`);
  return lines.map((each) => `${each}\n`).join("");
}
