// A button that copies a text, and says so.
import { useEffect, useState } from "react";

const SAID_MS = 2000;

export function CopyButton({ label, text }: { readonly label: string; readonly text: string }) {
  const [said, setSaid] = useState<string>();
  useEffect(() => {
    if (said === undefined) return;
    const timer = setTimeout(() => setSaid(undefined), SAID_MS);
    return () => clearTimeout(timer);
  }, [said]);
  // A page that came over plain HTTP from another machine may not reach the clipboard.
  const copy = () =>
    navigator.clipboard
      ? navigator.clipboard.writeText(text).then(
          () => setSaid("Copied"),
          () => setSaid("The browser refused"),
        )
      : setSaid("No clipboard here");
  return (
    <button type="button" className="copy" onClick={copy}>
      <span aria-hidden={said !== undefined}>{label}</span>
      <span role="status">{said}</span>
    </button>
  );
}
