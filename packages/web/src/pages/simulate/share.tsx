// The scenario and the choices as a link, or as a file where that would be too long.
import { useState } from "react";
import { addressOf, replaceQuery } from "../../location.ts";
import { MOST_LINK_CHARACTERS, packed } from "./link.ts";
import { offer } from "./offer.ts";
import type { Draft, Settings } from "./request.ts";
import { queryOf } from "./settings.ts";

interface Props {
  readonly draft: Draft;
  readonly settings: Settings;
  readonly hasOpened: boolean;
  known(packedText: string): void;
}

export function Share({ draft, hasOpened, known, settings }: Props) {
  const [said, setSaid] = useState("");
  const share = async () => {
    const scenario = await packed(draft.text);
    const query = { file: draft.file, scenario, ...queryOf(settings) };
    const characters = window.location.origin.length + addressOf(["simulate"], query).length;
    if (characters > MOST_LINK_CHARACTERS) {
      setSaid(`A link would have ${characters} characters, more than others carry: send the file instead.`);
      return;
    }
    known(scenario);
    replaceQuery(query);
    const more = hasOpened ? " Files beside the scenario are not in it: send them too." : "";
    const isCopied = await copied(window.location.href);
    setSaid(`${isCopied ? "The link is copied." : "The link is in the address bar."}${more}`);
  };
  return (
    <>
      <button type="button" onClick={() => void share()}>
        Copy link
      </button>
      <button type="button" onClick={() => offer(draft.file, "application/yaml", draft.text)}>
        Save file
      </button>
      <span role="status" className="small">
        {said}
      </span>
    </>
  );
}

/** A page that came over plain HTTP from another machine may not reach the clipboard. */
async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
