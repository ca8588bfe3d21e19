// CSV by RFC 4180, with a header: rows whose cells are asked for by column name and know where they stand in the file.
// Left out: other separators than commas, files without a header.
import {
  type Diagnostic,
  type DiagnosticCode,
  firstComplaints,
  nameHint,
  type Parsed,
} from "./diagnostic.ts";

export interface CsvRow {
  /** From 1; a row with line breaks in quotes begins here. */
  readonly line: number;
  /** The cell as it was written, without its quotes. Throws on a column that the table does not have. */
  get(column: string): string;
  diagnostic(column: string, code: DiagnosticCode, message: string, hint: string): Diagnostic;
}

export interface CsvTable {
  readonly file: string;
  readonly columns: readonly string[];
  /** The row of column names, to point at one of them. */
  readonly header: CsvRow;
  readonly rows: readonly CsvRow[];
}

/** The table, or every row that does not fit the header and every required column that is missing. */
export function readCsv(text: string, file: string, required: readonly string[] = []): Parsed<CsvTable> {
  const body = text.replace(/^\uFEFF/, "");
  const { records, broken } = recordsOf(body);
  const complaint = (
    { line, offsets }: CsvRecord,
    cell: number,
    field: string,
    ...[code, message, hint]: [DiagnosticCode, string, string]
  ): Diagnostic => {
    const offset = offsets[cell]!;
    const linesBefore = body.slice(offsets[0], offset).split("\n").length - 1;
    const column = offset - body.lastIndexOf("\n", offset - 1);
    return { code, file, line: line + linesBefore, column, field, message, hint };
  };
  if (broken) {
    const message = "not valid CSV: a quote is not closed, or there is text beside a quoted field";
    const hint = 'quote the whole field and write "" for a quote inside it';
    const cell = broken.offsets.length - 1;
    return { ok: false, diagnostics: [complaint(broken, cell, "", "csv-syntax", message, hint)] };
  }
  const [first = NOTHING, ...rest] = records;
  const columns = first.cells.map((name) => name.trim());
  const indexOf = new Map(columns.map((name, i) => [name, i]));
  const diagnostics: Diagnostic[] = [];
  if (first === NOTHING) {
    const hint = "the first line names the columns";
    diagnostics.push(complaint(first, 0, "", "csv-syntax", "the file is empty", hint));
  }
  columns.forEach((name, i) => {
    if (columns.indexOf(name) === i) return;
    const message = `two columns have the name "${name}"`;
    diagnostics.push(complaint(first, i, name, "csv-column", message, "rename or remove one of them"));
  });
  for (const name of required.filter((column) => !indexOf.has(column))) {
    const message = `there is no column "${name}"`;
    diagnostics.push(complaint(first, 0, name, "csv-column", message, nameHint(name, columns)));
  }
  for (const record of rest) {
    if (record.cells.length === columns.length) continue;
    const message = `a row of ${record.cells.length} fields under a header of ${columns.length}`;
    const hint = "is a comma missing, or the file cut off?";
    diagnostics.push(complaint(record, 0, "", "csv-syntax", message, hint));
  }
  if (diagnostics.length > 0) return { ok: false, diagnostics: firstComplaints(diagnostics) };
  const rowOf = (record: CsvRecord): CsvRow => {
    const index = (column: string) => {
      const found = indexOf.get(column);
      if (found === undefined) throw new Error(`${file} has no column "${column}"`);
      return found;
    };
    return {
      line: record.line,
      get: (column) => record.cells[index(column)]!,
      diagnostic: (column, code, message, hint) =>
        complaint(record, index(column), column, code, message, hint),
    };
  };
  return { ok: true, value: { file, columns, header: rowOf(first), rows: rest.map(rowOf) } };
}

interface CsvRecord {
  readonly line: number;
  readonly cells: readonly string[];
  /** Where each cell starts in the text. */
  readonly offsets: readonly number[];
}

const NOTHING: CsvRecord = { line: 1, cells: [], offsets: [0] };

/** Blank lines are no records. `broken` ends with a cell that cannot be read. */
function recordsOf(text: string): { readonly records: CsvRecord[]; readonly broken?: CsvRecord } {
  const cell = /(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(,|\r?\n|$)/y;
  const records: CsvRecord[] = [];
  let [line, offset] = [1, 0];
  while (offset < text.length) {
    const cells: string[] = [];
    const offsets: number[] = [];
    const record = { line, cells, offsets };
    for (let separator = ","; separator === ","; ) {
      offsets.push(offset);
      const match = cell.exec(text);
      if (!match) return { records, broken: record };
      const [, quoted, bare, end] = match;
      cells.push(quoted === undefined ? bare! : quoted.replaceAll('""', '"'));
      if (quoted !== undefined) line += quoted.split("\n").length - 1;
      separator = end!;
      offset = cell.lastIndex;
    }
    line += 1;
    if (cells.length > 1 || cells[0] !== "") records.push(record);
  }
  return { records };
}
