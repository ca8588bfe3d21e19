/**
 * Rows that are there, by index, ascending: those in sight, and the one that has the focus, however far away it was scrolled or
 * sorted, with those beside it. Without it the keyboard would begin at the top of the page again; without them Tab would leap.
 */
export function withFocused(inSight: readonly number[], focused: number, count: number): number[] {
  if (focused < 0) return [...inSight];
  const beside = [focused - 1, focused, focused + 1].filter((index) => index >= 0 && index < count);
  return [...new Set([...inSight, ...beside])].sort((a, b) => a - b);
}
