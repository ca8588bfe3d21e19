/** A new Idempotency-Key. `crypto.randomUUID` is not there on pages that come by plain HTTP from another machine. */
export function keyOf(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `dashboard-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
