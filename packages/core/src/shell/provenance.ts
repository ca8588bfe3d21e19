// What a computed result is a result of: the program's version and a hash of what went in. Nothing in them is random.
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

export interface Provenance {
  readonly version: string;
  /** SHA-256 of what was computed with, hexadecimal: the same whatever file or flags said it. */
  readonly inputHash: string;
}

export function provenanceOf(version: string, input: object): Provenance {
  return { version, inputHash: bytesToHex(sha256(utf8ToBytes(canonical(input)))) };
}

/** JSON with fields in order; what JSON cannot write, such as an infinite memory, by its name. */
function canonical(input: object): string {
  return JSON.stringify(input, (_, value: unknown) => {
    if (typeof value === "number" && !Number.isFinite(value)) return String(value);
    if (value instanceof Map) return [...value];
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
