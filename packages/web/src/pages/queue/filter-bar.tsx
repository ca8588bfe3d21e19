// Which jobs are shown: by a text, a tenant, a phase.
import { useMemo } from "react";
import type { JobView } from "../../api.ts";
import { replaceQuery } from "../../location.ts";
import { phaseWord } from "../../parts/phase.tsx";
import { filterOf, withField } from "./filter.ts";

interface Props {
  readonly query: URLSearchParams;
  readonly jobs: ReadonlyMap<string, JobView>;
  readonly version: number;
}

export function FilterBar({ jobs, query, version }: Props) {
  const { phase, tenant, text } = filterOf(query);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the map is changed in place; the version tells.
  const [tenants, phases] = useMemo(() => {
    const all = [...jobs.values()];
    const words = (of: (job: JobView) => string) => [...new Set(all.map(of))].sort();
    return [words((job) => job.tenant), words(phaseWord)];
  }, [jobs, version]);
  const set = (name: string) => (event: { readonly currentTarget: { readonly value: string } }) =>
    replaceQuery(withField(query, name, event.currentTarget.value));
  const isFiltered = phase !== "" || tenant !== "" || text !== "";
  return (
    <search className="filter">
      <label>
        Name or reason <input type="search" value={text} onChange={set("text")} />
      </label>
      <Choice label="Tenant" value={tenant} values={tenants} onChange={set("tenant")} />
      <Choice label="Phase" value={phase} values={phases} onChange={set("phase")} />
      {isFiltered && (
        <button
          type="button"
          onClick={() => {
            const { phase: _, tenant: __, text: ___, ...rest } = Object.fromEntries(query);
            replaceQuery(rest);
          }}
        >
          Show all
        </button>
      )}
    </search>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly values: readonly string[];
  readonly onChange: (event: { readonly currentTarget: { readonly value: string } }) => void;
}

function Choice({ label, onChange, value, values }: ChoiceProps) {
  const all = value === "" || values.includes(value) ? values : [value, ...values];
  return (
    <label>
      {label}{" "}
      <select value={value} onChange={onChange}>
        <option value="">all</option>
        {all.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
    </label>
  );
}
