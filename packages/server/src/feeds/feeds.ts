// Feeds of a running service: what they say becomes facts where it can be true and is news; what goes wrong is in the service's
// log when it begins, when it becomes something else, and when it is over. A figure that has not changed is said again when
// half of its life is over: a log of years holds what changed, not how often somebody asked.
import {
  type InputFact,
  type InputKind,
  regionChange,
  type State,
  TIME_TO_LIVE_SECONDS,
  type Unsound,
} from "@bace-pipe/core";
import type { FeedSource, FeedsConfig } from "@bace-pipe/core/spec";
import type { Logger } from "pino";
import { newInputs, subjectOf, unsoundOf } from "../inputs.ts";
import type { Metrics } from "../metrics.ts";
import type { Writer } from "../writer.ts";
import { dcgmFeed } from "./dcgm.ts";
import { electricityMapsFeed } from "./electricity-maps.ts";
import { entsoeFeed } from "./entsoe.ts";
import type { Feed, FeedAnswer } from "./feed.ts";
import { genericFeed } from "./generic.ts";
import { iperf3Feed } from "./iperf3.ts";
import type { FeedContext } from "./place.ts";
import { createSchedule, type Schedule, type Timing } from "./schedule.ts";

/** A file of feeds that has been read. */
export interface FeedsFile {
  readonly config: FeedsConfig;
  /** Its folder: relative paths in it start from there. */
  readonly directory: string;
  /** Where it was read, to be read again when it changes; absent: it stays as it is. */
  readonly source?: { readonly path: string; readonly text: string };
}

export interface FeedsOptions {
  readonly file: FeedsFile;
  readonly writer: Writer;
  readonly logger: Logger;
  readonly metrics?: Pick<Metrics, "fed">;
  readonly env?: FeedContext["env"];
  readonly timing?: Timing;
}

/** Power that was measured anew is news from here on: what it costs is closed and opened again for each. */
const LEAST_POWER_CHANGE = 0.02;

export function feedsOf({ config, directory }: FeedsFile, env: FeedContext["env"]): readonly Feed[] {
  const context = { directory, env };
  return config.sources.map((source) => feedOf(source, config, context));
}

/** Variables of the environment that hold tokens. */
export function tokenVariables({ config }: FeedsFile): readonly string[] {
  return config.sources.flatMap((source) =>
    "token" in source && source.token?.env !== undefined ? [source.token.env] : [],
  );
}

function feedOf(source: FeedSource, { currencies }: FeedsConfig, context: FeedContext): Feed {
  switch (source.kind) {
    case "entsoe":
      return entsoeFeed(source, currencies, context);
    case "electricity-maps":
      return electricityMapsFeed(source, currencies, context);
    case "generic":
      return genericFeed(source, currencies, context);
    case "iperf3":
      return iperf3Feed(source, context);
    case "dcgm":
      return dcgmFeed(source, context);
  }
}

export function createFeeds(options: FeedsOptions): Schedule {
  const { env = process.env, file, logger, metrics, timing = SYSTEM, writer } = options;
  const troubles = new Map<string, string>();
  const unsound = new Map<string, string>();
  return createSchedule({
    feeds: feedsOf(file, env),
    timing: { ...timing, nowSeconds: writer.nowSeconds },
    async onAnswer(feed, answer, nextInSeconds) {
      const codes = answer.failures.map(({ code }) => code);
      metrics?.fed(feed.name, codes, writer.nowSeconds());
      tell(feed, answer, nextInSeconds, troubles, logger);
      if (answer.facts.length === 0) return;
      try {
        await writer.commit((state) => {
          const { refused, sound } = sifted(state, answer.facts, writer.nowSeconds());
          tellUnsound(feed, answer.facts, refused, unsound, logger);
          const facts = newInputs(
            state,
            sound.filter((fact) => !isKnown(state, fact)),
          );
          if (facts.length > 0) logger.info({ feed: feed.name, changed: facts.length }, "inputs fetched");
          return facts;
        });
      } catch (error) {
        logger.error(error, `what feed ${feed.name} said could not be written`);
      }
    },
  });
}

interface Refused {
  readonly fact: InputFact;
  readonly why: Unsound;
}

/** What can be true, and what cannot: the rest of an answer is not worse for it. */
function sifted(state: State, said: readonly InputFact[], nowSeconds: number) {
  const sound: InputFact[] = [];
  const refused: Refused[] = [];
  for (const fact of said) {
    const why = unsoundOf(state, fact, nowSeconds);
    if (why) refused.push({ fact, why });
    else sound.push(fact);
  }
  return { sound, refused };
}

/** Once each, until something sound is said of the same. */
function tellUnsound(
  { name: feed }: Feed,
  said: readonly InputFact[],
  refused: readonly Refused[],
  known: Map<string, string>,
  logger: Logger,
): void {
  const keyOf = (fact: InputFact) => `${feed} ${fact.kind} ${subjectOf(fact)}`;
  const now = new Map(refused.map(({ fact, why }) => [keyOf(fact), { fact, why }]));
  for (const fact of said) if (!now.has(keyOf(fact))) known.delete(keyOf(fact));
  for (const [key, { fact, why }] of now) {
    const { code, field, message } = why;
    if (known.get(key) === code) continue;
    known.set(key, code);
    logger.error({ feed, field, code }, `feed ${feed}: ${field} of ${subjectOf(fact)}: ${message}`);
  }
}

/** Whether the same is known already, and will be for a while. */
function isKnown({ changes }: State, fact: InputFact): boolean {
  const lately = (kind: InputKind, known: { readonly observedAtSeconds: number }, again: number) =>
    again - known.observedAtSeconds < TIME_TO_LIVE_SECONDS[kind] / 2;
  switch (fact.kind) {
    case "price-changed": {
      const { price, priceCurve } = regionChange(changes, fact.region);
      if (priceCurve && price && priceCurve.observedAtSeconds > price.observedAtSeconds) return false;
      return price?.value === fact.priceUsdPerKwh && lately("price", price, fact.observedAtSeconds);
    }
    case "carbon-changed": {
      const { carbon, carbonCurve } = regionChange(changes, fact.region);
      if (carbonCurve && carbon && carbonCurve.observedAtSeconds > carbon.observedAtSeconds) return false;
      return carbon?.value === fact.carbonGramsPerKwh && lately("carbon", carbon, fact.observedAtSeconds);
    }
    case "power-changed": {
      const known = regionChange(changes, fact.region).busyWatts;
      return !!known && Math.abs(fact.busyWatts / known.value - 1) < LEAST_POWER_CHANGE;
    }
    default:
      return false;
  }
}

/** Failures by whom they are about: once each, not with every try. */
function tell(
  { name: feed }: Feed,
  { failures }: FeedAnswer,
  nextInSeconds: number,
  troubles: Map<string, string>,
  logger: Logger,
): void {
  const now = new Map(failures.map((failure) => [`${feed} ${failure.about}`, failure]));
  for (const [key, failure] of now) {
    const { about, code, hint, message } = failure;
    if (troubles.get(key) === code) continue;
    troubles.set(key, code);
    const next = Math.round(nextInSeconds);
    logger.error({ feed, about, code, hint, nextInSeconds: next }, `feed ${feed}: ${about}: ${message}`);
  }
  for (const key of troubles.keys()) {
    if (!key.startsWith(`${feed} `) || now.has(key)) continue;
    troubles.delete(key);
    logger.info({ feed, about: key.slice(feed.length + 1) }, `feed ${feed} answers again`);
  }
}

/** A longer one goes off at once. */
const LONGEST_TIMER_MILLISECONDS = 2 ** 31 - 1;

const SYSTEM: Timing = {
  nowSeconds: () => Date.now() / 1000,
  after(seconds, callback) {
    const timer = setTimeout(callback, Math.min(seconds * 1000, LONGEST_TIMER_MILLISECONDS));
    timer.unref();
    return () => clearTimeout(timer);
  },
  random: Math.random,
};
