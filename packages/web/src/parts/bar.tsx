/** A share of a whole, for the eye only: the same figures always stand beside it as text. */
export function Bar({ fraction }: { readonly fraction: number }) {
  return (
    <span className="bar" aria-hidden="true">
      <span style={{ inlineSize: `${100 * fraction}%` }} />
    </span>
  );
}
