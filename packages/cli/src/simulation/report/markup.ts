// HTML from templates: what is put in is escaped unless it is markup itself.

export interface Markup {
  readonly markup: string;
}

export type Part = Markup | string | number | readonly Part[];

export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return { markup: texts.reduce((done, text, i) => done + textOf(parts[i - 1]!) + text) };
}

export function trusted(markup: string): Markup {
  return { markup };
}

export const NOTHING = trusted("");

function textOf(part: Part): string {
  if (typeof part === "object") return "markup" in part ? part.markup : part.map(textOf).join("");
  return String(part).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
