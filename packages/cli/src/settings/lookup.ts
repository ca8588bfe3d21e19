// The value of a setting, and who says so.
import type { Io } from "../io.ts";
import { projectFile, type SettingsFile, userFile } from "./file.ts";
import { type SettingName, settingOf } from "./setting.ts";

export type Origin = "environment" | "project" | "user";

export interface Found {
  readonly value: string;
  readonly origin: Origin;
  /** The variable, or the file's path. */
  readonly place: string;
}

/** Where no flag says it: what the environment says, then the folder's file, then one's own. */
export function lookUp(name: SettingName, io: Io): Found | undefined {
  for (const origin of ["environment", "project", "user"] as const) {
    const found = saidBy(origin, name, io);
    if (found) return found;
  }
  return undefined;
}

/** What one of the three says of it. */
export function saidBy(origin: Origin, name: SettingName, io: Io): Found | undefined {
  if (origin === "environment") {
    const { variable } = settingOf(name);
    const value = io.env[variable];
    return value ? { value, origin, place: variable } : undefined;
  }
  const file = filesOf(io)[origin];
  const value = file?.values[name];
  return file && value !== undefined ? { value, origin, place: file.path } : undefined;
}

const files = new WeakMap<Io, Readonly<Record<"project" | "user", SettingsFile | undefined>>>();

function filesOf(io: Io) {
  const known = files.get(io) ?? { project: projectFile(io), user: userFile(io) };
  files.set(io, known);
  return known;
}
