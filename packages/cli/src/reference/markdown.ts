// Pieces of the reference's pages.

/** Rows of cells that are text already: what would end a cell is escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll(/\s*\n\s*/g, " ")).join(" | ")} |\n`;
  return `${line(head)}|${" --- |".repeat(head.length)}\n${rows.map(line).join("")}`;
}

export const code = (text: string) => (text === "" ? "" : `\`${text}\``);

/** A page says first that it is not to be edited. */
export function page(title: string, about: string, body: string): string {
  return `# ${title}\n\n<!-- Written by scripts/reference.ts. -->\n\n${about}\n\n${body.trimEnd()}\n`;
}
