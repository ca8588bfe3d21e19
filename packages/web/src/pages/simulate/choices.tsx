// What is compared, and how: policies with what each of them does, seed, time model.
import { createPolicy, isPolicyName, TIME_MODELS, type TimeModel } from "@bace-pipe/core";
import { ALL_POLICIES } from "@bace-pipe/core/shell";
import { NumberField } from "../../parts/number-field.tsx";
import type { Settings } from "./request.ts";
import { isSeed } from "./settings.ts";

const POLICIES = ALL_POLICIES.filter(isPolicyName).map((name) => ({
  name,
  description: createPolicy(name).description,
}));

const TIME_MODEL_HELP: Readonly<Record<TimeModel, string>> = {
  overlapped: "the paper’s formula, communication hidden; no latency",
  serial: "communication after computation; no latency",
  "1f1b": "a 1F1B schedule, latency included",
  auto: "the shorter of that and CrossPipe’s",
};

interface Props {
  readonly settings: Settings;
  change(settings: Settings): void;
}

export function Choices({ change, settings }: Props) {
  const { policies, seed, timeModel } = settings;
  const toggle = (name: string, isOn: boolean) => {
    const chosen = ALL_POLICIES.filter((other) => (other === name ? isOn : policies.includes(other)));
    change({ ...settings, policies: inOrder(policies, chosen) });
  };
  return (
    <div className="choices">
      <fieldset>
        <legend>Policies</legend>
        {POLICIES.map(({ description, name }) => (
          <label key={name} className="policy">
            <input
              type="checkbox"
              checked={policies.includes(name)}
              onChange={({ target }) => toggle(name, target.checked)}
            />
            <span>
              {name} <span className="small">{description}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <div className="pair">
        <span>
          <label htmlFor="seed">Seed</label>{" "}
          <NumberField
            id="seed"
            least={0}
            step={1}
            value={seed}
            accepts={isSeed}
            change={(next) => change({ ...settings, seed: next })}
          />
        </span>
        <label>
          Time model{" "}
          <select
            value={timeModel ?? ""}
            onChange={({ target }) =>
              change({ ...settings, timeModel: TIME_MODELS.find((model) => model === target.value) })
            }
          >
            <option value="">the scenario’s</option>
            {TIME_MODELS.map((model) => (
              <option key={model} value={model}>
                {model}: {TIME_MODEL_HELP[model]}
              </option>
            ))}
          </select>
        </label>
      </div>
    </div>
  );
}

/** Those that were chosen keep their order; what is new comes last. */
function inOrder(before: readonly string[], chosen: readonly string[]): readonly string[] {
  const kept = before.filter((name) => chosen.includes(name));
  return [...kept, ...chosen.filter((name) => !kept.includes(name))];
}
