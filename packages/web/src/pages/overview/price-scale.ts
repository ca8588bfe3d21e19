// Colours of electricity prices: one hue from pale to strong, between the lowest and the highest price of the fleet.

export interface PriceScale {
  readonly lowUsdPerKwh: number;
  readonly highUsdPerKwh: number;
}

export function priceScale(prices: readonly number[]): PriceScale {
  return { lowUsdPerKwh: Math.min(...prices), highUsdPerKwh: Math.max(...prices) };
}

/** For CSS; the two ends are set by the theme. */
export function colourOf({ highUsdPerKwh, lowUsdPerKwh }: PriceScale, usdPerKwh: number): string {
  const range = highUsdPerKwh - lowUsdPerKwh;
  const percent = range > 0 ? Math.round((100 * (usdPerKwh - lowUsdPerKwh)) / range) : 50;
  return `color-mix(in oklab, var(--dear) ${percent}%, var(--cheap))`;
}
