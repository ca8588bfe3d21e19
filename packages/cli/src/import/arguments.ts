// Arguments of `bace import` as values.
import { nameOf, parseInstant, withoutZone } from "@bace-pipe/core/spec";
import { InvalidArgumentError } from "commander";

export interface NamedRegion {
  readonly name: string;
  readonly measuredAs: string;
}

/** "ireland=aws:eu-west-1,gcp:us-east4-a": regions with the names that they get, or plain ones. */
export function regionList(text: string): NamedRegion[] {
  const regions = text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part): NamedRegion => {
      const [, name, measured] = /^(?:([^=]*)=)?([a-z]+:[a-z0-9-]+)$/.exec(part) ?? [];
      if (measured === undefined) {
        throw new InvalidArgumentError(
          `"${part}" is not a region, such as aws:eu-west-1 or ireland=aws:eu-west-1.`,
        );
      }
      const measuredAs = withoutZone(measured);
      if (name !== undefined && name !== nameOf(name)) {
        throw new InvalidArgumentError(`"${name}" is not a name. Write ${nameOf(name)}.`);
      }
      return { name: name ?? nameOf(measuredAs), measuredAs };
    });
  if (regions.length === 0) throw new InvalidArgumentError("Name at least one region.");
  for (const field of ["name", "measuredAs"] as const) {
    const values = regions.map((region) => region[field]);
    const twice = values.find((value, i) => values.indexOf(value) < i);
    if (twice !== undefined) throw new InvalidArgumentError(`"${twice}" is there twice.`);
  }
  return regions;
}

export function whole(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("Give a whole number, such as 4.");
  return Number(text);
}

export function decimal(text: string): number {
  if (!/^-?\d+(\.\d+)?$/.test(text)) throw new InvalidArgumentError("Give a number, such as 0.1.");
  return Number(text);
}

export function positive(text: string): number {
  const value = decimal(text);
  if (value <= 0) throw new InvalidArgumentError("Give a number above 0.");
  return value;
}

/** Seconds since 1970 of a date in UTC. */
export function instant(text: string): number {
  const parsed = parseInstant(text);
  if (parsed) return parsed.seconds;
  throw new InvalidArgumentError('Give a date, such as 2024-03-01 or "2024-03-01 06:00".');
}
