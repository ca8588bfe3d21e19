/** What a time axis is told in. */
export interface TimeUnit {
  readonly seconds: number;
  readonly name: string;
}

/** The unit in which an axis up to `mostSeconds` has readable figures. Days from ten on: nobody reads tenths of a day. */
export function timeUnit(mostSeconds: number): TimeUnit {
  if (mostSeconds >= 864_000) return { seconds: 86_400, name: "days" };
  if (mostSeconds >= 7200) return { seconds: 3600, name: "hours" };
  if (mostSeconds >= 120) return { seconds: 60, name: "minutes" };
  return { seconds: 1, name: "seconds" };
}
