// What happens by itself, twice a second and whenever something has changed, one cycle at a time:
//
//   list every executor → commit what was observed, and what time has brought about → reconcile → perform the effects
//
// Effects are performed outside the writer's queue, so telemetry never waits for an executor. A cycle lists only when
// the last one's effects are done, so no list is older than a submit, and no launch is submitted twice at once.
import { type Fact, reconcile, type State } from "@bace-pipe/core";
import { createEffects, type EffectOptions, regionOf } from "./effects.ts";
import { observationFacts, observeAll, observedOf } from "./observe.ts";

const TICK_MILLISECONDS = 500;

export interface LoopOptions extends EffectOptions {
  /** Facts that time alone brings about; asked once per cycle. */
  readonly watch: (state: State, nowSeconds: number) => readonly Fact[];
  /**
   * Rejects where another instance may have become the active one. Asked after the list and before its effects: what was
   * in the list cannot be the other's then, and is not ended as a launch that nobody knows.
   */
  readonly confirm?: () => Promise<unknown>;
  /** Told how long each cycle took. */
  readonly cycled?: ((seconds: number) => void) | undefined;
}

export interface Loop {
  /** One observation and what follows from it. */
  cycle(): Promise<void>;
  /** Cycles until `stop`. */
  start(): void;
  /** Resolves when the last cycle has ended. Launches go on. */
  stop(): Promise<void>;
}

export function createLoop(options: LoopOptions): Loop {
  const { writer, executors, watch, logger, confirm } = options;
  const effects = createEffects(options);
  let running: Promise<void> | undefined;
  let stopping = false;
  let awake = false;
  let endPause = () => {};
  const wake = () => {
    awake = true;
    endPause();
  };
  writer.onChange(wake);

  const cycle = async (): Promise<void> => {
    awake = false;
    const observation = await observeAll(executors, logger);
    let observed: readonly Fact[] = [];
    await writer.commit((state) => {
      observed = observation ? observationFacts(state, observation.launches) : [];
      return [...observed, ...watch(state, writer.nowSeconds())];
    });
    if (!observation) return;
    await confirm?.();
    const { isKnown, launches } = observation;
    const wanted = reconcile(writer.state(), observedOf(launches));
    await effects.perform(wanted.filter((effect) => isKnown(regionOf(effect))));
    await effects.explain(observed);
  };

  const pause = async (): Promise<void> => {
    if (awake) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, TICK_MILLISECONDS);
      endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  };

  const run = async (): Promise<void> => {
    while (!stopping && writer.healthy()) {
      const sinceMilliseconds = performance.now();
      await cycle().catch((error: unknown) => logger.error(error, "cycle failed"));
      options.cycled?.((performance.now() - sinceMilliseconds) / 1000);
      await pause();
    }
  };

  return {
    cycle,
    start() {
      running ??= run();
    },
    async stop() {
      stopping = true;
      wake();
      await running;
    },
  };
}
