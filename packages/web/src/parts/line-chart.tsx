// Lines over steps. The second line, if there is one, is what the first is held against: dashed, in the other colour.
import "uplot/dist/uPlot.min.css";
import { UNKNOWN } from "@bace-pipe/core/format";
import { useEffect, useRef } from "react";
import uPlot from "uplot";

const HEIGHT = 200;
/** So that "1.25 min" has room. */
const AXIS_WIDTH = 64;
/** Names are one text, which is the same as long as they are. */
const SEPARATOR = "\n";

interface Props {
  /** All of it in words. */
  readonly text: string;
  /** Steps, ascending. */
  readonly x: readonly number[];
  readonly lines: readonly (readonly (number | null)[])[];
  readonly names: readonly string[];
  /** Of the axis. */
  readonly tick: (value: number) => string;
  readonly value: (value: number | null) => string;
}

export function LineChart({ lines, names, text, tick, value, x }: Props) {
  const root = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(undefined);
  const format = useRef({ tick, value });
  format.current = { tick, value };
  const label = names.join(SEPARATOR);
  useEffect(() => {
    const element = root.current!;
    const color = (name: string) => () => colorOf(element, name);
    const grid = { stroke: color("--line"), width: 1 };
    const made = new uPlot(
      {
        ...{ width: element.clientWidth, height: HEIGHT, cursor: { y: false } },
        scales: { x: { time: false } },
        axes: [
          { stroke: color("--soft"), grid: { show: false }, ticks: grid },
          {
            ...{ stroke: color("--soft"), grid, ticks: grid, size: AXIS_WIDTH },
            values: (_, ticks) => ticks.map((each) => format.current.tick(each)),
          },
        ],
        series: [
          { label: "step", value: (_plot, each: number | null) => (each === null ? UNKNOWN : String(each)) },
          ...label.split(SEPARATOR).map((name, i) => ({
            label: name,
            stroke: color(i === 0 ? "--use" : "--wrong"),
            width: i === 0 ? 2 : 1,
            ...(i === 0 ? {} : { dash: [6, 4] }),
            points: { show: false },
            value: (_plot: uPlot, each: number | null) => format.current.value(each),
          })),
        ],
      },
      [[], ...label.split(SEPARATOR).map(() => [])] as uPlot.AlignedData,
      element,
    );
    chart.current = made;
    const fit = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    fit.observe(element);
    const again = () => made.redraw(false);
    const theme = new MutationObserver(again);
    theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    const system = window.matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", again);
    return () => {
      fit.disconnect();
      theme.disconnect();
      system.removeEventListener("change", again);
      made.destroy();
    };
  }, [label]);
  useEffect(() => {
    chart.current?.setData([x, ...lines] as unknown as uPlot.AlignedData);
  }, [x, lines]);
  return (
    <figure className="line-chart" aria-label={text}>
      <div ref={root} />
    </figure>
  );
}

/** As it is drawn now: a canvas knows no variables of the style sheet. */
function colorOf(element: HTMLElement, name: string): string {
  element.style.setProperty("outline-color", `var(${name})`);
  return getComputedStyle(element).outlineColor;
}
