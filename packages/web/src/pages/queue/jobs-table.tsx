// A table of jobs of which only the rows in sight are there: ten thousand are as quick as ten. On a narrow screen a row is a
// card, and each cell names its column itself.
import { defaultRangeExtractor, useWindowVirtualizer } from "@tanstack/react-virtual";
import { Fragment, memo, type RefCallback, useLayoutEffect, useRef, useState } from "react";
import type { Column, Row } from "./columns.tsx";
import type { Sort } from "./filter.ts";
import { withFocused } from "./focused-row.ts";

/** Until it is measured. */
const ROW_PIXELS = 46;
/** Above and below what is in sight. */
const MORE_ROWS = 12;

interface Props {
  readonly label: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  readonly sort: Sort | undefined;
  readonly onSort: (by: string) => void;
}

export function JobsTable({ columns, label, onSort, rows, sort }: Props) {
  const body = useRef<HTMLTableSectionElement>(null);
  const [top, setTop] = useState(0);
  // What stands above may have become longer.
  useLayoutEffect(() => {
    const now = Math.round((body.current?.getBoundingClientRect().top ?? 0) + window.scrollY);
    setTop((was) => (Math.abs(was - now) > 1 ? now : was));
  });
  const [focusedId, setFocusedId] = useState<string>();
  const focused = focusedId === undefined ? -1 : rows.findIndex(({ job }) => job.id === focusedId);
  const virtual = useWindowVirtualizer({
    ...{ count: rows.length, overscan: MORE_ROWS, scrollMargin: top },
    estimateSize: () => ROW_PIXELS,
    rangeExtractor: (range) => withFocused(defaultRangeExtractor(range), focused, rows.length),
    getItemKey: (index) => rows[index]!.job.id,
  });
  const items = virtual.getVirtualItems();
  const after = items.length > 0 ? virtual.getTotalSize() - (items.at(-1)!.end - top) : 0;
  const whole = columns.reduce((sum, { width }) => sum + width, 0);
  return (
    <table className="jobs" aria-label={label} aria-rowcount={rows.length + 1}>
      <colgroup>
        {columns.map(({ id, width }) => (
          <col key={id} style={{ inlineSize: `${(100 * width) / whole}%` }} />
        ))}
      </colgroup>
      <thead>
        <tr aria-rowindex={1}>
          {columns.map((column) => (
            <Heading key={column.id} column={column} sort={sort} onSort={onSort} />
          ))}
        </tr>
      </thead>
      <tbody
        ref={body}
        onFocus={({ target }) => {
          const row = target.closest("tr");
          setFocusedId(row ? rows[Number(row.dataset["index"])]?.job.id : undefined);
        }}
        onBlur={({ currentTarget, relatedTarget }) => {
          // To the row beside it: that one has to be there until it has the focus itself.
          if (!currentTarget.contains(relatedTarget)) setFocusedId(undefined);
        }}
      >
        {items.map(({ index, key, start }, i) => (
          <Fragment key={String(key)}>
            <Gap pixels={start - (items[i - 1]?.end ?? top)} columns={columns.length} />
            <JobRow
              columns={columns}
              index={index}
              job={rows[index]!.job}
              entry={rows[index]!.entry}
              measure={virtual.measureElement}
            />
          </Fragment>
        ))}
        <Gap pixels={after} columns={columns.length} />
      </tbody>
    </table>
  );
}

type HeadingProps = Pick<Props, "onSort" | "sort"> & { readonly column: Column };

function Heading({ column: { by, heading, id, layout }, onSort, sort }: HeadingProps) {
  const order = sort?.by !== id ? undefined : sort.isDescending ? "descending" : "ascending";
  return (
    <th scope="col" data-layout={layout} aria-sort={order}>
      {by ? (
        <button type="button" onClick={() => onSort(id)}>
          {heading}
          <span aria-hidden="true">{order === undefined ? "" : order === "ascending" ? " ▲" : " ▼"}</span>
        </button>
      ) : (
        heading
      )}
    </th>
  );
}

interface JobRowProps extends Row {
  readonly columns: readonly Column[];
  readonly index: number;
  readonly measure: RefCallback<HTMLTableRowElement>;
}

/** Drawn again only where its job is another one than before. */
const JobRow = memo(({ columns, entry, index, job, measure }: JobRowProps) => {
  return (
    <tr ref={measure} data-index={index} aria-rowindex={index + 2}>
      {columns.map(({ cell, heading, id, layout }) => {
        const Cell = id === "job" ? "th" : "td";
        return (
          <Cell key={id} scope={id === "job" ? "row" : undefined} data-heading={heading} data-layout={layout}>
            <div>{cell({ job, entry })}</div>
          </Cell>
        );
      })}
    </tr>
  );
});

/** The room of rows that are not there. */
function Gap({ columns, pixels }: { readonly columns: number; readonly pixels: number }) {
  if (pixels <= 0) return null;
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a row without a control is not focusable.
    <tr className="gap" aria-hidden="true">
      <td colSpan={columns} style={{ blockSize: pixels }} />
    </tr>
  );
}
