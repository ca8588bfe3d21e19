// A field for a number that may be emptied and typed anew: what is no good number yet stays in the field, and counts for
// nothing.
import { useState } from "react";

interface Props {
  readonly id: string;
  readonly value: number;
  readonly least: number;
  readonly step: number | "any";
  readonly disabled?: boolean;
  readonly describedBy?: string | undefined;
  accepts(text: string): boolean;
  change(value: number): void;
}

export function NumberField({ accepts, change, describedBy, disabled, id, least, step, value }: Props) {
  /** While it is typed. */
  const [typed, setTyped] = useState<string>();
  return (
    <input
      id={id}
      type="number"
      min={least}
      step={step}
      value={typed ?? value}
      disabled={disabled}
      aria-describedby={describedBy}
      aria-invalid={typed !== undefined && !accepts(typed)}
      onChange={({ target }) => {
        setTyped(target.value);
        if (accepts(target.value)) change(Number(target.value));
      }}
      onBlur={() => setTyped(undefined)}
    />
  );
}
