// As much of a shell as the commands of guides need: quotes, comments, `NAME=value`, `$NAME`, `> file`.

export interface Line {
  /** Such as ["npx", "bace", "queue"]. */
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly into: string | undefined;
}

export function parsedLine(line: string): Line {
  const words = [...line.replace(/\s# .*$/, "").matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) =>
    word.replaceAll(/['"]/g, ""),
  );
  const start = words.findIndex((word) => !/^[A-Z_]+=/.test(word));
  const arrow = words.indexOf(">");
  return {
    words: words.slice(start, arrow === -1 ? undefined : arrow),
    env: Object.fromEntries(words.slice(0, start).map((word) => word.split("=") as [string, string])),
    into: arrow === -1 ? undefined : words[arrow + 1]!,
  };
}

export interface Block {
  /** The fence's words, such as "sh", "sh elsewhere" or "yaml fleet.yaml"; "" for a block by indentation. */
  readonly kind: string;
  readonly text: string;
}

/** Code blocks of a page, in order. */
export function blocksOf(markdown: string): readonly Block[] {
  return [...markdown.matchAll(/^```(.*)\n([\s\S]*?)^```$|(?<=\n\n)(?: {4}.*\n?)+/gm)].map(
    ([whole, kind, text]) =>
      text === undefined ? { kind: "", text: whole.replaceAll(/^ {4}/gm, "") } : { kind: kind!, text },
  );
}
