// The feeds of a file that is read again when it changes: those of the new content take the place of the old ones, whose
// requests are given up. A content that is wrong changes nothing: the log says what is wrong with it, and where.
import { dirname } from "node:path";
import { parseFeeds } from "@bace-pipe/core/spec";
import { changesNothing, readWatched, repeatedly } from "../watched-file.ts";
import { createFeeds, type FeedsFile, type FeedsOptions } from "./feeds.ts";
import type { Schedule } from "./schedule.ts";

export interface FollowedFeedsOptions extends Omit<FeedsOptions, "file"> {
  /** The last content that was sound, for whoever follows next. */
  readonly kept: { current: FeedsFile };
}

export interface FollowedFeeds {
  /** Looks at the file once. */
  check(): Promise<void>;
  start(): void;
  /** Resolves when nothing that was asked is still to be answered. */
  idle(): Promise<void>;
  /** Resolves when nothing more is under way. */
  stop(): Promise<void>;
}

export function followFeeds({ kept, ...options }: FollowedFeedsOptions): FollowedFeeds {
  const { logger } = options;
  let feeds: Schedule | undefined;
  let seen = kept.current.source?.text;
  let checking: Promise<void> = Promise.resolve();
  let stopped = false;

  const begin = (): void => {
    feeds = createFeeds({ ...options, file: kept.current });
    feeds.start();
  };

  const look = async (): Promise<void> => {
    const path = kept.current.source?.path;
    const found = path === undefined || stopped ? undefined : readWatched(path, logger);
    if (!found || found.text === seen) return;
    seen = found.text;
    const parsed = parseFeeds(found.text, path!);
    if (!parsed.ok) return changesNothing(path!, parsed.diagnostics, logger);
    const isNews = JSON.stringify(parsed.value) !== JSON.stringify(kept.current.config);
    const source = { path: path!, text: found.text };
    kept.current = { config: parsed.value, directory: dirname(path!), source };
    if (!isNews || !feeds) return;
    await feeds.stop();
    if (stopped) return;
    begin();
    logger.info({ file: path, sources: parsed.value.sources.map(({ name }) => name) }, "feeds loaded");
  };

  const check = (): Promise<void> => {
    const result = checking.then(look);
    checking = result.catch(() => {}); // the next one tries again
    return result;
  };

  const repetition = repeatedly(check, logger);
  return {
    check,
    start() {
      // What it says now, where that is sound; it may have changed since it was read.
      checking = check()
        .catch((error: unknown) => logger.error(error, "the file of feeds could not be read"))
        .then(() => {
          if (stopped) return;
          begin();
          if (kept.current.source) repetition.start();
        });
    },
    idle: async () => feeds?.idle(),
    async stop() {
      stopped = true;
      repetition.stop();
      await checking;
      await feeds?.stop();
    },
  };
}
