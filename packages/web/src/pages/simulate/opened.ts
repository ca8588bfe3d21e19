// Files that a person opens: a scenario, and what it names.
import type { Beside, Draft } from "./request.ts";

export interface Opened {
  readonly draft: Draft | undefined;
  readonly beside: Beside;
}

/** The first YAML or JSON is the scenario; the others are files that it names. */
export async function opened(files: Iterable<File>): Promise<Opened> {
  const texts = await Promise.all(
    [...files].map(async (file) => ({ file: file.name, text: await file.text() })),
  );
  const draft = texts.find(({ file }) => /\.(ya?ml|json)$/i.test(file));
  const others = texts.filter((one) => one !== draft);
  return { draft, beside: Object.fromEntries(others.map(({ file, text }) => [file, text])) };
}
