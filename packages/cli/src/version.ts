// The version that every result carries.
import { readFileSync } from "node:fs";
import { PACKAGE_FILE } from "./places.ts";

const { version } = JSON.parse(readFileSync(PACKAGE_FILE, "utf8")) as {
  readonly version: string;
};

export const VERSION = version;
