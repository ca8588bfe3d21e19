// The page's looks: the dashboard's colours, and eight for figures. All of them have a contrast of 4.5 or more with the
// card, and the text on them with them. Paper is always light.
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --text: #1b1f24; --soft: #57606a; --line: #d5dae0; --track: #e9edf1; --use: #0a63a8;
  --c0: #0a63a8; --c1: #b8500b; --c2: #17795a; --c3: #8e3fa8; --c4: #7d6200; --c5: #bd2c66; --c6: #007886; --c7: #5b6570;
  --on: #ffffff;
  font: 15px / 1.45 system-ui, sans-serif;
  color: var(--text);
  background: var(--page);
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #14171b; --card: #1d2126; --text: #e6e9ed; --soft: #a3adb8; --line: #383f47; --track: #2b3138; --use: #5eb5ee;
    --c0: #5eb5ee; --c1: #f0a35c; --c2: #4fc79a; --c3: #cf8fe8; --c4: #d9bf4a; --c5: #f388b0; --c6: #4ccfe0; --c7: #a9b4bf;
    --on: #14171b;
  }
}
* { box-sizing: border-box; }
body { max-inline-size: 54rem; margin: 0 auto; padding: 1rem 1rem 3rem; }
h1, h2, h3, p, figure { margin: 0; }
h1 { font-size: 1.4rem; }
h2 { font-size: 1.1rem; margin-block-end: 0.5rem; }
h3 { font-size: 0.95rem; margin-block: 0.9rem 0.2rem; }
.small, figcaption { color: var(--soft); font-size: 0.85rem; }
header p { color: var(--soft); }
section, .facts { margin-block-start: 1rem; padding: 0.9rem 1rem; border: 1px solid var(--line); border-radius: 8px; background: var(--card); }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: 0.15rem 0.9rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
figcaption { margin-block-start: 0.4rem; }
svg { overflow: visible; }
svg[role] { display: block; inline-size: 100%; block-size: auto; }
svg.narrow { display: none; }
.legend { display: flex; flex-wrap: wrap; gap: 0.15rem 1.1rem; margin: 0 0 0.4rem; padding: 0; list-style: none; font-size: 0.85rem; }
details { margin-block-start: 0.5rem; font-size: 0.85rem; }
summary { color: var(--use); cursor: pointer; }
.scroll { overflow-x: auto; }
table { inline-size: 100%; border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.3rem 0.5rem; text-align: start; vertical-align: top; white-space: nowrap; }
thead th { color: var(--soft); font-weight: normal; vertical-align: bottom; }
tbody th { font-weight: 600; }
tbody tr > * { border-block-start: 1px solid var(--line); }
.number { text-align: end; }
.against { display: block; color: var(--soft); font-size: 0.8rem; }
:focus-visible { outline: 2px solid var(--use); outline-offset: 2px; }
@media (max-width: 44rem) {
  body { padding-inline: 0.6rem; }
  section, .facts { padding: 0.7rem 0.75rem; }
  svg.wide { display: none; }
  svg.narrow { display: block; max-inline-size: 32rem; }
}
@media print {
  :root { color-scheme: light; font-size: 10pt; }
  body { max-inline-size: none; padding: 0; }
  section, .facts { padding: 0; border: 0; }
  svg.wide { display: block; max-inline-size: 100%; }
  svg.narrow, details:not([open]) { display: none; }
  .scroll { overflow: visible; }
  th, td { padding: 0.2rem; white-space: normal; }
  svg, tr, .legend { break-inside: avoid; }
  h2, h3, .legend { break-after: avoid; }
  * { print-color-adjust: exact; }
}
`;
