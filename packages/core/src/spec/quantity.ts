// Schema of a quantity: a number in the base unit that the field's name ends with, or text with a unit ("40 ms").
import { z } from "zod";
import { type Dimension, parseQuantity, unitsOf } from "../units.ts";

export interface Bounds {
  readonly min?: number;
  readonly above?: number;
}

export function quantity(dimension: Dimension, { min, above }: Bounds = {}) {
  return z
    .union([z.number(), z.string()], {
      error: () => `expected a number or a text with a unit — for example ${example(dimension)}`,
    })
    .transform((value, context): number => {
      const parsed = typeof value === "number" ? value : parseQuantity(value, dimension);
      const complain = (message: string) => {
        context.addIssue({ code: "custom", message });
        return z.NEVER;
      };
      if (parsed === undefined) {
        return complain(
          `"${value}" is not a quantity in ${dimension} — use one of ${unitsOf(dimension).join(", ")}, such as ${example(dimension)}`,
        );
      }
      if (!Number.isFinite(parsed)) return complain(`${value} is not finite — give a finite number`);
      if (min !== undefined && parsed < min)
        return complain(`${value} is below ${min} — give ${min} or more`);
      if (above !== undefined && parsed <= above)
        return complain(`${value} is not above ${above} — give a number above ${above}`);
      return parsed;
    });
}

/** A whole number from `min` to `max`. The bound keeps one careless file from costing the service its memory. */
export function count(min: number, max = 1e9) {
  return z
    .number({
      error: (issue) =>
        issue.input === undefined ? undefined : "expected a whole number — write digits without quotes",
    })
    .int({ error: (issue) => `${String(issue.input)} is not a whole number — round it` })
    .min(min, { error: (issue) => `${String(issue.input)} is below ${min} — give ${min} or more` })
    .max(max, { error: (issue) => `${String(issue.input)} is above ${max} — give ${max} or less` });
}

/** Names of regions, jobs and tenants: they become parts of file names, host names and URLs. */
export const nameSchema = z
  .string({
    error: (issue) =>
      issue.input === undefined ? undefined : "expected a name — quote it if it looks like a number",
  })
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, {
    error: (issue) =>
      `"${String(issue.input)}" is not a name — use lower-case letters, digits and inner hyphens, 63 at most`,
  });

const EXAMPLES: Readonly<Record<Dimension, string>> = {
  seconds: "40 ms",
  bytes: "48 GB",
  bitsPerSecond: "5 Gbit/s",
  watts: "300 W",
  usdPerKwh: "0.12 USD/kWh",
  usdPerGb: "0.02 USD/GB",
  flopsPerSecond: "155 TFLOP/s",
};

function example(dimension: Dimension): string {
  return `"${EXAMPLES[dimension]}"`;
}
