/** What `-o json` prints: one text for one value, so that files of the command line and of the dashboard are the same. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
