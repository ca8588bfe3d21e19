// What an exact search starts from, and gives back if it finds nothing better.
import {
  type ExactModel,
  endOf,
  generateSchedule,
  type Pipeline,
  type Schedule,
  scheduleNames,
  startsOf,
  startsOneByOne,
} from "@bace-pipe/core/pipeline";

/** The best of the generators' schedules that fit, and of those given. A tight start is what keeps HiGHS's constants small. */
export function bestStart(
  model: ExactModel,
  pipeline: Pipeline,
  given: readonly Schedule[] = [],
): readonly number[] {
  const generated = scheduleNames.flatMap((name) => {
    const result = generateSchedule(name, pipeline);
    return result.kind === "schedule" ? [result.schedule] : [];
  });
  const starts = [...given, ...generated].map((schedule) => startsOf(model, pipeline, schedule));
  return starts.reduce<readonly number[]>(
    (best, next) => (next && endOf(model, next) < endOf(model, best) ? next : best),
    startsOneByOne(model, pipeline),
  );
}
