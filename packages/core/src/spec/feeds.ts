// Where a service fetches prices, carbon intensities, links and power by itself: sources and what of them is whose. A file of
// the administrator's; nobody else says addresses. Secrets are named here and never written here. Rates of exchange are
// figures of the file, with the day that they are of: a feed in another currency says nothing without one.
import { z } from "zod";
import type { Diagnostic, Parsed } from "./diagnostic.ts";
import { count, nameSchema, quantity } from "./quantity.ts";
import { type FieldPath, readYaml, type Source } from "./source.ts";

const printable = z.string().regex(/^[\x20-\x7e]{1,100}$/, "write 1 to 100 printable ASCII characters");
const filePath = z.string().min(1, "is empty — name a file");

const httpUrl = z
  .string()
  .regex(
    /^https?:\/\/[^\s/?#@\\]+(?:[/?][^\s#]*)?$/,
    "not an address without a password — write https://HOST/PATH, and a secret with token:",
  );

/** Where a secret is: a file with it alone, or a variable of the service's environment. */
const tokenSchema = z
  .strictObject({
    file: filePath.optional(),
    env: z
      .string()
      .regex(/^\w{1,100}$/)
      .optional(),
  })
  .refine(({ env, file }) => (env === undefined) !== (file === undefined), {
    error: "names no one place — give file: or env:",
  });

const onePlaceOf = { url: httpUrl.optional(), file: filePath.optional() };
const hasOnePlace = ({ file, url }: { file?: string | undefined; url?: string | undefined }) =>
  (file === undefined) !== (url === undefined);
const onePlace = { error: "names no one place — give url: or file:" };

const common = (everySeconds: number) => ({
  /** Shown as the source of what it says. */
  name: nameSchema,
  /** How often it is asked. */
  everySeconds: quantity("seconds", { min: 10 }).default(everySeconds),
  timeoutSeconds: quantity("seconds", { min: 1 }).default(30),
  /** A longer answer is refused. */
  maxBytes: count(1000, 64e6).default(4e6),
});

const entsoeSchema = z.strictObject({
  kind: z.literal("entsoe"),
  ...common(3600),
  url: httpUrl.default("https://web-api.tp.entsoe.eu/api"),
  token: tokenSchema,
  zones: z
    .array(
      z.strictObject({
        region: nameSchema,
        /** Of a bidding zone. */
        eic: z
          .string()
          .regex(/^[0-9A-Z-]{16}$/, "not an EIC code — write 16 characters, such as 10YFR-RTE------C"),
        /** Which auction, where a zone has several. */
        sequence: count(1, 100).optional(),
      }),
    )
    .min(1),
});

const electricityMapsSchema = z.strictObject({
  kind: z.literal("electricity-maps"),
  ...common(900),
  url: httpUrl.default("https://api.electricitymaps.com/v3"),
  token: tokenSchema,
  zones: z
    .array(
      z.strictObject({
        region: nameSchema,
        zone: z.string().regex(/^[A-Z0-9-]{2,30}$/, "not a zone — write one such as DE or US-CAL-CISO"),
        figures: z
          .array(z.enum(["carbon", "price"]))
          .min(1)
          .default(["carbon"]),
        /** What is to come, too; not every subscription has it. */
        forecast: z.boolean().default(false),
      }),
    )
    .min(1),
});

const genericSchema = z
  .strictObject({
    kind: z.literal("generic"),
    ...common(900),
    ...onePlaceOf,
    format: z.enum(["json", "csv"]),
    token: tokenSchema.optional(),
    /** In which the token is sent; as `Bearer` in Authorization. */
    header: z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9-]{0,60}$/)
      .default("Authorization"),
    /** Of JSON: path of the list, such as `data.prices`; the whole answer is one row where absent. */
    rows: z.string().max(200).optional(),
    /** Values that mean that there is none. */
    missing: z
      .array(z.union([z.number(), z.string()]))
      .max(20)
      .default([]),
    figures: z
      .array(
        z.strictObject({
          region: nameSchema,
          figure: z.enum(["price", "carbon"]),
          /** Path in a row, or name of a column. */
          value: z.string().min(1).max(200),
          unit: z
            .string()
            .regex(
              /^(?:[A-Z]{3}\/[kM]Wh|gCO2\/kWh|kgCO2\/MWh)$/,
              "not a unit — write one such as EUR/MWh or gCO2/kWh",
            ),
          /** Path or column of when it was observed, or from when it holds: ISO 8601, or seconds since 1970. */
          time: z.string().min(1).max(200).optional(),
          /** Of how long each row is: the rows are a curve then, not observations. */
          stepSeconds: quantity("seconds", { min: 60 }).optional(),
          /** Only rows that have these. */
          where: z.record(z.string().max(200), z.union([z.string(), z.number()])).default({}),
        }),
      )
      .min(1),
  })
  .refine(hasOnePlace, onePlace);

const iperf3Schema = z.strictObject({
  kind: z.literal("iperf3"),
  ...common(300),
  links: z
    .array(z.strictObject({ from: nameSchema, to: nameSchema, ...onePlaceOf }).refine(hasOnePlace, onePlace))
    .min(1),
});

const dcgmSchema = z.strictObject({
  kind: z.literal("dcgm"),
  ...common(300),
  /** Of Prometheus, without /api. */
  url: httpUrl,
  token: tokenSchema.optional(),
  /** Over which counters of energy are read. */
  windowSeconds: quantity("seconds", { min: 60 }).default(600),
  regions: z
    .array(
      z.strictObject({
        region: nameSchema,
        /** Label matchers, such as cluster="north". */
        selector: z
          .string()
          .regex(
            /^[^{}\r\n]{1,500}$/,
            'not label matchers — write them without braces, such as cluster="north"',
          ),
        /** A GPU that draws less is taken for idle. */
        busyAboveWatts: quantity("watts", { above: 0 }),
      }),
    )
    .min(1),
});

export const feedsSchema = z.strictObject({
  version: z.literal(1, "not a known version — write version: 1"),
  /** What a unit of another currency is worth, by its code. */
  currencies: z
    .record(
      z.string().regex(/^[A-Z]{3}$/, "not a currency — write a code such as EUR"),
      z.strictObject({
        usd: z.number().positive(),
        /** The day that the rate is of. */
        asOf: z.string().regex(/^\d{4}-\d{2}-\d{2}$/, "not a day — write it as 2026-03-01"),
        source: printable,
      }),
    )
    .default({}),
  sources: z
    .array(
      z.discriminatedUnion("kind", [
        entsoeSchema,
        electricityMapsSchema,
        genericSchema,
        iperf3Schema,
        dcgmSchema,
      ]),
    )
    .min(1),
});

export type FeedsConfig = z.output<typeof feedsSchema>;
export type FeedSource = FeedsConfig["sources"][number];
export type FeedSourceOf<Kind extends FeedSource["kind"]> = Extract<FeedSource, { kind: Kind }>;
export type FeedToken = z.output<typeof tokenSchema>;
export type Currencies = FeedsConfig["currencies"];

export function parseFeeds(text: string, file: string): Parsed<FeedsConfig> {
  const read = readYaml(text, file, feedsSchema);
  if (!read.ok) return read;
  const { data, source } = read.value;
  const diagnostics = [...namedTwice(data, source), ...wrongUnits(data, source)];
  return diagnostics.length > 0 ? { ok: false, diagnostics } : { ok: true, value: data };
}

function namedTwice({ sources }: FeedsConfig, source: Source): Diagnostic[] {
  return sources.flatMap(({ name }, i) => {
    if (sources.findIndex((other) => other.name === name) === i) return [];
    const message = `two sources are named "${name}"`;
    return [source.diagnostic(["sources", i, "name"], "duplicate-name", message, "rename one of them")];
  });
}

function wrongUnits({ currencies, sources }: FeedsConfig, source: Source): Diagnostic[] {
  return sources.flatMap((each, i) => {
    if (each.kind !== "generic") return [];
    return each.figures.flatMap(({ figure, stepSeconds, time, unit }, k): Diagnostic[] => {
      const complain = (last: string, message: string, hint: string) => {
        const place: FieldPath = ["sources", i, "figures", k, last];
        return [source.diagnostic(place, "invalid-field", message, hint)];
      };
      const isCarbon = unit.includes("CO2");
      if (isCarbon !== (figure === "carbon"))
        return complain(
          "unit",
          `${unit} is no unit of a ${figure}`,
          `write ${isCarbon ? "EUR/MWh" : "gCO2/kWh"}`,
        );
      if (stepSeconds !== undefined && time === undefined)
        return complain(
          "stepSeconds",
          "a curve needs the time of each row",
          "add time: with a path or column",
        );
      const currency = unit.slice(0, 3);
      if (isCarbon || currency === "USD" || Object.hasOwn(currencies, currency)) return [];
      const how = `add currencies: {${currency}: {usd: …, asOf: …, source: …}}`;
      return complain("unit", `nobody says what ${currency} is worth`, how);
    });
  });
}
