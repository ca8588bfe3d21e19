// The figures that a person turns: each a number to type and a slider to drag.
import { NumberField } from "../../parts/number-field.tsx";
import { FIELDS, type Field, isFigure, type Parameters } from "./parameters.ts";

interface Props {
  readonly parameters: Parameters;
  change(parameters: Parameters): void;
}

export function Inputs({ change, parameters }: Props) {
  return (
    <div className="inputs">
      {FIELDS.map((field) => (
        <Input
          key={field.name}
          field={field}
          most={field.name === "cut" ? parameters.stages - 1 : field.most}
          value={parameters[field.name]}
          isUnused={parameters.cut === 0 && OF_CUT.includes(field.name)}
          change={(value) => change(changed(parameters, field.name, value))}
        />
      ))}
    </div>
  );
}

const OF_CUT: readonly (keyof Parameters)[] = ["latencyMs", "gbps", "messageMb"];

/** A cut stays inside the pipeline. */
function changed(parameters: Parameters, name: keyof Parameters, value: number): Parameters {
  const next = { ...parameters, [name]: value };
  return { ...next, cut: Math.min(next.cut, Math.max(0, next.stages - 1)) };
}

interface InputProps {
  readonly field: Field;
  readonly most: number;
  readonly value: number;
  readonly isUnused: boolean;
  change(value: number): void;
}

function Input({ change, field, isUnused, most, value }: InputProps) {
  const { label, least, name, step, unit } = field;
  return (
    <div className="input">
      <label htmlFor={`${name}-number`}>{label}</label>
      <input
        type="range"
        aria-label={`${label}, slider`}
        min={least}
        max={Math.max(least, most)}
        step={step}
        value={value}
        disabled={isUnused || most <= least}
        onChange={({ target }) => change(Number(target.value))}
      />
      <NumberField
        id={`${name}-number`}
        least={least}
        step="any"
        value={value}
        disabled={isUnused}
        describedBy={unit === "" ? undefined : `${name}-unit`}
        accepts={(text) => isFigure(field, text)}
        change={change}
      />
      <span id={`${name}-unit`} className="small">
        {unit}
      </span>
    </div>
  );
}
