// A file that says what is other than the scenario says: capacity, prices, carbon intensities, links. A service watches it,
// and `bace inputs set` sends it. Figures are observed when the file says, or else when it was written.
import { z } from "zod";
import type { InputFact } from "../control/inputs.ts";
import type { Parsed } from "./diagnostic.ts";
import { count, quantity } from "./quantity.ts";
import { readYaml } from "./source.ts";

const observed = { observedAtSeconds: quantity("seconds", { min: 0 }).optional() };

export const inputsSchema = z.strictObject({
  version: z.literal(1, "not a known version — write version: 1"),
  /** Where the figures come from, for people. */
  source: z.string().regex(/^[\x20-\x7e]{1,100}$/, "write 1 to 100 printable ASCII characters"),
  /** Since 1970, of figures that do not say it themselves. */
  ...observed,
  /** GPUs that a region has; it keeps them until somebody says otherwise. */
  capacity: z.array(z.strictObject({ region: z.string(), gpus: count(0) })).default([]),
  prices: z
    .array(z.strictObject({ region: z.string(), priceUsdPerKwh: quantity("usdPerKwh"), ...observed }))
    .default([]),
  carbon: z
    .array(z.strictObject({ region: z.string(), carbonGramsPerKwh: z.number().min(0), ...observed }))
    .default([]),
  links: z
    .array(
      z
        .strictObject({
          from: z.string(),
          to: z.string(),
          /** The same figures for the opposite direction too. */
          both: z.boolean().default(false),
          bandwidthBitsPerSecond: quantity("bitsPerSecond", { above: 0 }).optional(),
          /** One way. */
          latencySeconds: quantity("seconds", { min: 0 }).optional(),
          ...observed,
        })
        .refine((link) => link.bandwidthBitsPerSecond !== undefined || link.latencySeconds !== undefined, {
          error: "changes nothing — give bandwidthBitsPerSecond or latencySeconds",
        }),
    )
    .default([]),
});

export type InputsInput = z.output<typeof inputsSchema>;

/** @param writtenSeconds when the file was written, since 1970. */
export function parseInputs(
  text: string,
  file: string,
  writtenSeconds: number,
): Parsed<readonly InputFact[]> {
  const read = readYaml(text, file, inputsSchema);
  if (!read.ok) return read;
  return { ok: true, value: factsOf(read.value.data, writtenSeconds) };
}

function factsOf(input: InputsInput, writtenSeconds: number): InputFact[] {
  const { capacity, carbon, links, prices, source } = input;
  const seen = ({ observedAtSeconds = input.observedAtSeconds ?? writtenSeconds }) => ({
    ...{ source, observedAtSeconds },
  });
  return [
    ...capacity.map(({ gpus, region }): InputFact => ({ kind: "capacity-changed", region, gpus })),
    ...prices.map(
      ({ priceUsdPerKwh, region, ...more }): InputFact => ({
        ...{ kind: "price-changed", region, priceUsdPerKwh },
        ...seen(seenAt(more)),
      }),
    ),
    ...carbon.map(
      ({ carbonGramsPerKwh, region, ...more }): InputFact => ({
        ...{ kind: "carbon-changed", region, carbonGramsPerKwh },
        ...seen(seenAt(more)),
      }),
    ),
    ...links.flatMap(({ bandwidthBitsPerSecond, both, from, latencySeconds, to, ...more }): InputFact[] => {
      const figures = {
        ...(bandwidthBitsPerSecond === undefined ? {} : { bandwidthBitsPerSecond }),
        ...(latencySeconds === undefined ? {} : { latencySeconds }),
        ...seen(seenAt(more)),
      };
      const directions = both
        ? [
            [from, to],
            [to, from],
          ]
        : [[from, to]];
      return directions.map(([a, b]) => ({ kind: "link-changed", from: a!, to: b!, ...figures }));
    }),
  ];
}

function seenAt({ observedAtSeconds }: { readonly observedAtSeconds?: number | undefined }) {
  return observedAtSeconds === undefined ? {} : { observedAtSeconds };
}
