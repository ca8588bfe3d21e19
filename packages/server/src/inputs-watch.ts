// Files that are read again when they change: what is said of the fleet (spec/inputs.ts), and the scenario itself. A file that
// is wrong changes nothing: the log says what is wrong with it, once, and what was said before stays.
import { dirname } from "node:path";
import type { InputFact } from "@bace-pipe/core";
import { parseInputs, parseScenario } from "@bace-pipe/core/spec";
import type { Logger } from "pino";
import { readerIn } from "./files.ts";
import { reloadFleet } from "./fleet.ts";
import { newInputs, subjectOf, unsoundOf } from "./inputs.ts";
import { StartError } from "./start-error.ts";
import type { ScenarioText } from "./state-folder.ts";
import { changesNothing, readWatched, repeatedly, type Watched } from "./watched-file.ts";
import type { Writer } from "./writer.ts";

export interface InputsWatchOptions {
  readonly writer: Writer;
  /** YAML or JSON, see docs/reference/inputs.schema.json. */
  readonly inputsFile?: string | undefined;
  /** Whose regions, links, tenants and classes are the fleet. */
  readonly scenarioFile?: string | undefined;
  /** To be kept: what the service starts with the next time. Called when the fleet has been loaded. */
  readonly onScenario?: ((scenario: ScenarioText) => Promise<void>) | undefined;
  readonly logger: Logger;
}

export interface InputsWatch {
  /** Looks at the files once. */
  check(): Promise<void>;
  start(): void;
  stop(): Promise<void>;
}

export function createInputsWatch(options: InputsWatchOptions): InputsWatch {
  const { inputsFile, logger, onScenario, scenarioFile, writer } = options;
  let inputsSeen: Watched | undefined;
  let scenarioSeen: string | undefined;
  let checking: Promise<void> = Promise.resolve();

  const checkInputs = async (file: string): Promise<void> => {
    const seen = readWatched(file, logger);
    if (!seen || (seen.text === inputsSeen?.text && seen.writtenSeconds === inputsSeen.writtenSeconds))
      return;
    inputsSeen = seen;
    const parsed = parseInputs(seen.text, file, seen.writtenSeconds);
    if (!parsed.ok) return changesNothing(file, parsed.diagnostics, logger);
    await writer.commit((state) => {
      const refused = parsed.value.flatMap((fact) => {
        const unsound = unsoundOf(state, fact, writer.nowSeconds());
        return unsound ? [{ fact, unsound }] : [];
      });
      // Of a file that a feed writes one figure may expire before the others: that alone is no mistake of the file.
      const mistakes = refused.filter(({ unsound }) => unsound.code !== "impossible-time");
      for (const { fact, unsound } of refused) {
        const { code, field, message } = unsound;
        logger.error({ file, field, code }, `${file}: ${field} of ${subjectOf(fact)}: ${message}`);
      }
      if (mistakes.length > 0) return [];
      const late: readonly InputFact[] = refused.map(({ fact }) => fact);
      const facts = newInputs(
        state,
        parsed.value.filter((fact) => !late.includes(fact)),
      );
      if (facts.length > 0) logger.info({ file, changed: facts.length }, "inputs read");
      return facts;
    });
  };

  const checkScenario = async (file: string): Promise<void> => {
    const seen = readWatched(file, logger);
    if (!seen) return;
    const readFile = readerIn(dirname(file));
    const parsed = parseScenario(seen.text, file, { readFile, purpose: "service" });
    const files = parsed.ok ? parsed.value.files : [];
    const all = JSON.stringify([seen.text, files]);
    if (all === scenarioSeen) return;
    scenarioSeen = all;
    if (!parsed.ok) return changesNothing(file, parsed.diagnostics, logger);
    try {
      const isLoaded = await reloadFleet(writer, parsed.value.fleet);
      if (!isLoaded) return;
      logger.info({ file }, "fleet loaded");
      const texts = Object.fromEntries(files.map(({ path, text }) => [path, text]));
      await onScenario?.({ file, text: seen.text, files: texts });
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      scenarioSeen = undefined; // it can be loaded when those jobs have ended
      logger.error({ file, code: error.code }, `${file} changes nothing: ${error.message}`);
    }
  };

  const check = (): Promise<void> => {
    checking = checking.then(async () => {
      if (scenarioFile) await checkScenario(scenarioFile);
      if (inputsFile) await checkInputs(inputsFile);
    });
    const result = checking;
    checking = checking.catch(() => {}); // the next one tries again
    return result;
  };

  const repetition = repeatedly(check, logger);
  return {
    check,
    start: repetition.start,
    async stop() {
      repetition.stop();
      await checking;
    },
  };
}
