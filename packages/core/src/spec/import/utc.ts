// Instants as text (ISO 8601 and what operators write for it) to seconds since 1970 and back, without a clock.
// Days are counted as in H. Hinnant, "chrono-compatible low-level date algorithms". Left out: leap seconds, zone names.

const DAY = 86_400;
const PATTERN =
  /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d)(?::(\d\d)(?::(\d\d)(\.\d+)?)?)?)?\s*(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?$/i;

export interface Instant {
  /** Since 1970-01-01 00:00 UTC; as if UTC where no offset was given. */
  readonly seconds: number;
  /** Whether the text says how far from UTC it is. */
  readonly hasOffset: boolean;
}

/** "2024-03-31 02:00:00+02:00" → 2024-03-31 00:00 UTC. Undefined where it is no date, or the calendar lacks it. */
export function parseInstant(text: string): Instant | undefined {
  const match = PATTERN.exec(text.trim());
  if (!match) return undefined;
  const part = (group: number) => Number(match[group] ?? 0);
  const [year, month, day] = [part(1), part(2), part(3)];
  const [hour, minute, second, fraction] = [part(4), part(5), part(6), part(7)];
  const zone = match[8];
  if (month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59) return undefined;
  if (day < 1 || day > daysBefore(year, month + 1) - daysBefore(year, month)) return undefined;
  const days = daysBefore(year, month) + day - 1;
  const local = days * DAY + hour * 3600 + minute * 60 + second + fraction;
  return { seconds: local - offsetSeconds(zone), hasOffset: zone !== undefined };
}

/** "2024-03-31 00:00" in UTC; with seconds only where there are any. Fractions are cut. */
export function formatUtc(seconds: number): string {
  const days = Math.floor(seconds / DAY);
  const rest = Math.floor(seconds - days * DAY);
  let year = 1970 + Math.floor(days / 365.2425);
  while (daysBefore(year, 1) > days) year--;
  while (daysBefore(year + 1, 1) <= days) year++;
  let month = 12;
  while (daysBefore(year, month) > days) month--;
  const two = (value: number) => String(value).padStart(2, "0");
  const date = `${String(year).padStart(4, "0")}-${two(month)}-${two(days - daysBefore(year, month) + 1)}`;
  const time = `${two(Math.floor(rest / 3600))}:${two(Math.floor(rest / 60) % 60)}`;
  return rest % 60 === 0 ? `${date} ${time}` : `${date} ${time}:${two(rest % 60)}`;
}

/** Days from 1970-01-01 to the first of a month; month 13 is the next January. */
function daysBefore(year: number, month: number): number {
  // Years begin in March, so that the leap day is their last.
  const y = month <= 2 ? year - 1 : year;
  const monthFromMarch = (month + 9) % 12;
  const leaps = Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400);
  return 365 * y + leaps + Math.floor((153 * monthFromMarch + 2) / 5) - 719_468;
}

function offsetSeconds(zone: string | undefined): number {
  const match = /^([+-])(\d\d):?(\d\d)?$/.exec(zone ?? "");
  if (!match) return 0;
  const seconds = Number(match[2]) * 3600 + Number(match[3] ?? 0) * 60;
  return match[1] === "-" ? -seconds : seconds;
}
