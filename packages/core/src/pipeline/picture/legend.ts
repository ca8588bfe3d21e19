/** What the colours and lines of a picture mean, in one line; only what is in it. */

import type { Evaluation } from "../evaluate.ts";
import { stagesOfRank } from "../schedule.ts";
import type { Layout } from "./layout.ts";
import { KINDS } from "./look.ts";

export function legend({ schedule }: Evaluation, { hasCuts }: Layout): string {
  const used = new Set(schedule.ranks.flat().map(({ kind }) => kind));
  const hasChunks = schedule.ranks.some((_, rank) => stagesOfRank(schedule, rank).length > 1);
  const items = [
    ...KINDS.filter(({ kind }) => used.has(kind)).map(({ kind, name }) => ({
      name,
      mark: `<rect class="${kind}" width="12" height="12"/>`,
    })),
    { name: "idle", mark: '<rect class="idle" width="12" height="12"/>' },
    ...(hasChunks
      ? [
          {
            name: "a later chunk of the rank",
            mark: '<rect class="F" width="12" height="12"/><rect class="chunk" width="12" height="4"/>',
          },
        ]
      : []),
    ...(hasCuts
      ? [
          {
            name: "activation over a cut",
            mark: '<line class="message activation" x2="12" y1="1" y2="11"/>',
          },
          { name: "gradient over a cut", mark: '<line class="message gradient" x2="12" y1="11" y2="1"/>' },
        ]
      : []),
  ];
  let x = 8;
  const drawn = items.map(({ mark, name }) => {
    const item = `<g transform="translate(${x} 36)">${mark}<text x="17" y="10">${name}</text></g>`;
    x += 34 + 6.2 * name.length;
    return item;
  });
  return drawn.join("");
}
