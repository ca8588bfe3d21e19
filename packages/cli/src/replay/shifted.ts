// A fleet on another clock: its tariffs and carbon intensities begin at another second.
import type { Curve, Fleet, Series } from "@bace-pipe/core";

export function shiftedFleet(fleet: Fleet, originSeconds: number): Fleet {
  return {
    ...fleet,
    regions: fleet.regions.map((region) => ({
      ...region,
      tariff: shiftedSeries(region.tariff, originSeconds),
      ...(region.carbon ? { carbon: shiftedSeries(region.carbon, originSeconds) } : {}),
    })),
  };
}

function shiftedSeries(series: Series, originSeconds: number): Series {
  switch (series.kind) {
    case "flat":
      return series;
    case "series":
      return { ...series, startSeconds: series.startSeconds - originSeconds };
    case "steps":
      return { ...series, fromSeconds: series.fromSeconds.map((seconds) => seconds - originSeconds) };
    case "until":
      return {
        ...series,
        untilSeconds: series.untilSeconds - originSeconds,
        // biome-ignore lint/suspicious/noThenProperty: the field is core's
        then: shiftedSeries(series.then, originSeconds),
      };
    case "within":
      return {
        ...series,
        curve: shiftedCurve(series.curve, originSeconds),
        otherwise: shiftedSeries(series.otherwise, originSeconds),
      };
  }
}

export function shiftedCurve<C extends Curve>(curve: C, originSeconds: number): C {
  const { fromSeconds, untilSeconds } = curve;
  return {
    ...curve,
    fromSeconds: fromSeconds.map((seconds) => seconds - originSeconds),
    untilSeconds: untilSeconds - originSeconds,
  };
}
