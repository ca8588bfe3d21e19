// Settings in files: bace.yaml of the working folder or one above it, and one's own in $XDG_CONFIG_HOME/bace/config.yaml.
import { readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { nameHint } from "@bace-pipe/core/spec";
import { isMap, isScalar, LineCounter, type Pair, parseDocument } from "yaml";
import { badFile, type Complaint } from "../failure.ts";
import type { Io } from "../io.ts";
import { SETTING_NAMES, type SettingName, settingOf } from "./setting.ts";

export const PROJECT_FILE = "bace.yaml";

export interface SettingsFile {
  readonly path: string;
  readonly values: Readonly<Partial<Record<SettingName, string>>>;
}

/** Of the nearest folder that has one, from the working folder upward. */
export function projectFile({ folder }: Io): SettingsFile | undefined {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const found = readSettings(join(at, PROJECT_FILE), true);
    if (found || at === dirname(at)) return found;
  }
}

export function userFile({ env }: Io): SettingsFile | undefined {
  const { HOME, XDG_CONFIG_HOME } = env;
  const folder = XDG_CONFIG_HOME || (HOME && join(HOME, ".config"));
  return folder ? readSettings(join(folder, "bace/config.yaml"), false) : undefined;
}

/** undefined where there is none, or where it is another user's, who may have laid it out for others to walk into. */
function readSettings(path: string, isProject: boolean): SettingsFile | undefined {
  let text: string;
  try {
    const { uid } = statSync(path);
    if (uid !== 0 && uid !== process.getuid?.()) return undefined;
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const complain = (offset: number, field: string, message: string, hint: string): Complaint => {
    const { col, line } = lines.linePos(offset);
    return { code: "invalid-setting", file: path, line, column: col, field, message, hint };
  };
  const [error] = document.errors;
  if (error)
    throw badFile(path, text, [complain(error.pos[0], "", `not valid YAML: ${error.message}`, "mend it")]);
  const { contents } = document;
  if (contents === null) return { path, values: {} };
  const known = SETTING_NAMES.filter((name) => !isProject || settingOf(name).inProject);
  const wrong: Complaint[] = [];
  const values: Partial<Record<SettingName, string>> = {};
  if (!isMap(contents)) wrong.push(complain(0, "", "no settings", `write lines such as state: .bace`));
  else
    for (const pair of contents.items as Pair[]) {
      const name = isScalar(pair.key) ? String(pair.key.value) : "";
      const offset = (isScalar(pair.key) && pair.key.range?.[0]) || 0;
      const setting = known.find((each) => each === name);
      if (!setting) wrong.push(complain(offset, name, ...whyUnknown(name, known)));
      else if (!isScalar(pair.value) || typeof pair.value.value !== "string" || pair.value.value === "")
        wrong.push(complain(offset, name, `${name} is no text`, "write it in one line"));
      else values[setting] = placed(setting, pair.value.value, path);
    }
  if (wrong.length > 0) throw badFile(path, text, wrong);
  return { path, values };
}

function whyUnknown(name: string, known: readonly SettingName[]): readonly [message: string, hint: string] {
  if (SETTING_NAMES.some((each) => each === name)) {
    const where = "~/.config/bace/config.yaml";
    return [
      `${name} is not a folder's to say`,
      `put it into ${where}: whoever writes this file could be anybody`,
    ];
  }
  return [`there is no setting "${name}"`, nameHint(name, known)];
}

function placed(name: SettingName, value: string, path: string): string {
  return settingOf(name).isPath ? resolve(dirname(path), value) : value;
}
