// The completion of fish: a line for each thing that can stand somewhere.
import type { Place, Values } from "./words.ts";

export function fishScript(places: readonly Place[]): string {
  const about = new Map(places.map((place) => [place.path.join(" "), place.about]));
  const lines = places.flatMap((place) => [
    ...commandLines(place, about),
    ...(place.commands.length === 0
      ? [`complete -c bace -n '${at(place.path, [])}' ${valueFlags(place.values)}`]
      : []),
    ...place.options.map(({ about: what, long, short, values }) => {
      const names = `-l ${long.slice(2)}${short ? ` -s ${short.slice(1)}` : ""}`;
      const value = values ? ` -r ${valueFlags(values)}` : "";
      return `complete -c bace -n '${at(place.path, place.commands)}' ${names}${value} -d ${quoted(what)}`;
    }),
  ]);
  return `# Completion of bace: bace completion fish | source
complete -c bace -f
${lines.join("\n")}
`;
}

function commandLines({ commands, path }: Place, about: ReadonlyMap<string, string>): readonly string[] {
  return commands.map((name) => {
    const what = quoted(about.get([...path, name].join(" ")) ?? "");
    return `complete -c bace -n '${at(path, commands)}' -a ${name} -d ${what}`;
  });
}

/** Where all words of a path have been, and no command of it yet. */
function at(path: readonly string[], commands: readonly string[]): string {
  if (path.length === 0) return "__fish_use_subcommand";
  const seen = path.map((name) => `__fish_seen_subcommand_from ${name}`);
  const none = commands.length > 0 ? [`not __fish_seen_subcommand_from ${commands.join(" ")}`] : [];
  return [...seen, ...none].join("; and ");
}

function valueFlags(values: Values): string {
  if (values === "files") return "-F";
  const words = typeof values === "string" ? `(bace __complete ${values} 2>/dev/null)` : values.join(" ");
  return `-f -a '${words}'`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
