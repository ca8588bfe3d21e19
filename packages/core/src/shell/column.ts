// A column of a table, wherever the table is drawn.

export interface Column<Row> {
  readonly heading: string;
  readonly align?: "left" | "right";
  /** Only shown where there is room for everything (`-o wide`). */
  readonly wide?: boolean;
  cell(row: Row): string;
}
