// Named random streams: each consumer draws from its own, so that one more draw in one place shifts nothing elsewhere.
// Generator: sfc32 (Chris Doty-Humphrey, PractRand), seeded from the run's seed and the stream's name by a 32-bit hash.

export type RandomStream = () => number;

/** A stream of numbers in [0, 1) that depends on the seed and the name alone. */
export function randomStream(seed: number, name: string): RandomStream {
  let hash = 0x811c9dc5 ^ Math.trunc(seed);
  const mix = (value: number) => {
    hash = Math.imul(hash ^ value, 0x01000193);
    hash ^= hash >>> 15;
    return hash >>> 0;
  };
  for (const character of name) mix(character.codePointAt(0)!);
  let [a, b, c, counter] = [mix(1), mix(2), mix(3), 1];
  const next = () => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    return (t >>> 0) / 2 ** 32;
  };
  for (let warmUp = 0; warmUp < 12; warmUp++) next();
  return next;
}
