// Times as options take them: a number with a unit.
import { InvalidArgumentError } from "commander";

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds of "90s", "10m", "36h" or "30d"; above 0. */
export function secondsOption(text: string): number {
  const [, digits, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const seconds = Number(digits) * UNIT_SECONDS[unit ?? ""]!;
  if (!(seconds > 0)) throw new InvalidArgumentError("Give a number with s, m, h or d, such as 30m or 90d.");
  return seconds;
}
