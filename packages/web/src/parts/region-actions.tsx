// What an operator does with a region: close it, empty it, open it again.
import { PATHS, post, type RegionView } from "../api.ts";
import { whyNot } from "../live/caller.ts";
import { useCaller, useKnown } from "../live/index.ts";
import { Confirm } from "./confirm.tsx";
import { jobsIn, type RegionVerb, regionWords } from "./consequences.ts";

const LABELS = { cordon: "Cordon", drain: "Drain", uncordon: "Uncordon" } as const;

export function RegionActions({ region }: { readonly region: Pick<RegionView, "name" | "cordon"> }) {
  const caller = useCaller();
  const { jobs } = useKnown();
  const { cordon, name } = region;
  const refused = whyNot(caller, "operate", { ofAll: true });
  const verbs: readonly RegionVerb[] =
    cordon === undefined ? ["cordon", "drain"] : cordon === "cordoned" ? ["drain", "uncordon"] : ["uncordon"];
  return (
    <>
      <p className="buttons">
        {verbs.map((verb) => (
          <Confirm
            key={verb}
            label={LABELS[verb]}
            what={name}
            refused={refused}
            act={() => post(PATHS.ofRegion(name, verb))}
          >
            <p>{regionWords(verb, name, jobsIn(name, jobs.values()))}</p>
          </Confirm>
        ))}
      </p>
      {refused !== "" && <p className="small">{refused}</p>}
    </>
  );
}
