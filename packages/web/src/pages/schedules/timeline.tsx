// One schedule drawn to scale. What is under the pointer is told below; by keyboard, the arrows go from block to block.
import { type KeyboardEvent, type PointerEvent, useRef, useState } from "react";
import type { Timeline } from "./compute.ts";

const HELP = "The pointer over a block, or the arrow keys, tell its times.";

export function TimelineFigure({
  command,
  timeline,
}: {
  readonly command: string;
  readonly timeline: Timeline;
}) {
  const { generator, svg } = timeline;
  const box = useRef<HTMLDivElement>(null);
  const [told, setTold] = useState(HELP);
  if (svg === undefined)
    return (
      <p>
        The timeline of {generator} has more blocks than a page should draw.{" "}
        <code>
          {command} --generator {generator} --svg {generator}.svg
        </code>{" "}
        writes it to a file.
      </p>
    );
  const select = (block: Element | undefined) => {
    const text = block?.querySelector("title")?.textContent;
    if (!block || !text) return;
    box.current?.querySelector("[data-selected]")?.removeAttribute("data-selected");
    block.setAttribute("data-selected", "");
    setTold(text);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const next = neighbour(box.current!, event.key);
    if (!next) return;
    event.preventDefault();
    select(next);
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  const onPointerOver = ({ target }: PointerEvent) => {
    if (target instanceof Element) select(target.closest(".block, .message") ?? undefined);
  };
  return (
    <figure className="timeline-figure">
      {/* biome-ignore lint/a11y/useSemanticElements: a group of blocks is no form's fieldset. */}
      <div
        ref={box}
        className="scroll"
        role="group"
        aria-label={`Timeline of ${generator}: arrow keys go from block to block`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: one stop for the keyboard, not one per block.
        tabIndex={0}
        onKeyDown={onKeyDown}
        onPointerOver={onPointerOver}
        // biome-ignore lint/security/noDangerouslySetInnerHtml: drawn by core from numbers and generators' names alone.
        dangerouslySetInnerHTML={{ __html: svg }}
      />
      <figcaption className="small" aria-live="polite">
        {told}
      </figcaption>
    </figure>
  );
}

/** The block to which an arrow key leads: before or after on the same rank, or at about the same time on the next one. */
function neighbour(box: Element, key: string): Element | undefined {
  const blocks = [...box.querySelectorAll(".block")];
  const at = blocks.findIndex((block) => block.hasAttribute("data-selected"));
  if (!["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"].includes(key)) return undefined;
  const current = blocks[at];
  if (!current) return blocks[0];
  if (key === "ArrowLeft") return blocks[at - 1];
  if (key === "ArrowRight") return blocks[at + 1];
  const rows = [...new Set(blocks.map((block) => place(block, "y")))].sort((a, b) => a - b);
  const row = rows[rows.indexOf(place(current, "y")) + (key === "ArrowDown" ? 1 : -1)];
  const far = (block: Element) => Math.abs(place(block, "x") - place(current, "x"));
  return blocks.filter((block) => place(block, "y") === row).sort((a, b) => far(a) - far(b))[0];
}

function place(block: Element, axis: "x" | "y"): number {
  return Number(block.getAttribute(axis));
}
