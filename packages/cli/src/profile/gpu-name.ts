// Under which GPU type a measured machine goes where nobody says.
import { GPU_TYPES } from "@bace-pipe/core";
import type { Profile } from "@bace-pipe/core/spec";

/** A known type that the device's name contains, or else that name; CPUs are all "cpu". */
export function gpuNameOf({ device, name }: Profile["machine"]): string {
  if (device === "cpu") return "cpu";
  const words = name.toLowerCase().split(/[\s-]+/);
  return [...GPU_TYPES.keys()].find((type) => words.includes(type.toLowerCase())) ?? name;
}
