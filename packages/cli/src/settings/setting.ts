// What can be set once for all commands. Each is told by its flag, its variable, the folder's file, one's own file, or not
// at all: in this order, the first that says it.
export interface Setting {
  readonly flag: string;
  readonly variable: string;
  /** Whether the file of a folder may say it. What starts programs, or says which secrets go where, is one's own to say. */
  readonly inProject: boolean;
  /** Whether it is a path, which in a file starts from that file. */
  readonly isPath?: true;
  /** As people read it. */
  readonly otherwise: string;
}

export const SETTINGS = {
  server: {
    ...{ flag: "--server", variable: "BACE_SERVER", inProject: true },
    otherwise: "what the state folder's service wrote there",
  },
  state: { flag: "--state", variable: "BACE_STATE", inProject: true, isPath: true, otherwise: ".bace" },
  tokenFile: {
    ...{ flag: "--token", variable: "BACE_TOKEN_FILE", inProject: false, isPath: true },
    otherwise: "the one in the state folder, for its own service",
  },
  output: { flag: "--output", variable: "BACE_OUTPUT", inProject: true, otherwise: "table" },
  policy: { flag: "--policy", variable: "BACE_POLICY", inProject: true, otherwise: "bace-plus" },
  python: {
    ...{ flag: "--python", variable: "BACE_PYTHON", inProject: false },
    otherwise: "the one that setup found, or python3",
  },
  database: {
    ...{ flag: "--database", variable: "BACE_DATABASE", inProject: false },
    otherwise: "one in the state folder",
  },
} as const satisfies Readonly<Record<string, Setting>>;

export type SettingName = keyof typeof SETTINGS;

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

export function settingOf(name: SettingName): Setting {
  return SETTINGS[name];
}
