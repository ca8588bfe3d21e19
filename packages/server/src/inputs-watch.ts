// Files that are read again when they change: what is said of the fleet (spec/inputs.ts), and the scenario itself. A file that
// is wrong changes nothing: the log says what is wrong with it, once, and what was said before stays.
//
// Files are looked at every few seconds. A file system's own notices differ by system and miss files that are replaced by
// renaming, which is how a feed should write them.
import { readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { InputFact } from "@bace-pipe/core";
import { type Diagnostic, parseInputs, parseScenario } from "@bace-pipe/core/spec";
import type { Logger } from "pino";
import { isMissing, readerIn } from "./files.ts";
import { reloadFleet } from "./fleet.ts";
import { newInputs, subjectOf, unsoundOf } from "./inputs.ts";
import { StartError } from "./start-error.ts";
import type { ScenarioText } from "./state-folder.ts";
import type { Writer } from "./writer.ts";

const EVERY_MILLISECONDS = 2000;
const MOST_BYTES = 4e6;

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

interface Seen {
  readonly text: string;
  readonly writtenSeconds: number;
}

export function createInputsWatch(options: InputsWatchOptions): InputsWatch {
  const { inputsFile, logger, onScenario, scenarioFile, writer } = options;
  let inputsSeen: Seen | undefined;
  let scenarioSeen: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let checking: Promise<void> = Promise.resolve();

  const wrong = (file: string, diagnostics: readonly Diagnostic[]): void => {
    for (const { code, column, field, hint, line, message } of diagnostics)
      logger.error({ file, line, column, field, code, hint }, `${file} changes nothing: ${message}`);
  };

  const checkInputs = async (file: string): Promise<void> => {
    const seen = readText(file, logger);
    if (!seen || (seen.text === inputsSeen?.text && seen.writtenSeconds === inputsSeen.writtenSeconds))
      return;
    inputsSeen = seen;
    const parsed = parseInputs(seen.text, file, seen.writtenSeconds);
    if (!parsed.ok) return wrong(file, parsed.diagnostics);
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
    const seen = readText(file, logger);
    if (!seen) return;
    const readFile = readerIn(dirname(file));
    const parsed = parseScenario(seen.text, file, { readFile, purpose: "service" });
    const files = parsed.ok ? parsed.value.files : [];
    const all = JSON.stringify([seen.text, files]);
    if (all === scenarioSeen) return;
    scenarioSeen = all;
    if (!parsed.ok) return wrong(file, parsed.diagnostics);
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

  return {
    check,
    start() {
      const next = () => {
        timer = setTimeout(async () => {
          await check().catch((error: unknown) => logger.error(error, "watched files could not be read"));
          if (timer) next();
        }, EVERY_MILLISECONDS);
        timer.unref();
      };
      next();
    },
    async stop() {
      clearTimeout(timer);
      timer = undefined;
      await checking;
    },
  };
}

/** Undefined where there is nothing to read; a file that is being replaced is there the next time. */
function readText(file: string, logger: Logger): Seen | undefined {
  try {
    const { mtimeMs, size } = statSync(file);
    if (size > MOST_BYTES) {
      logger.error({ file, size }, `${file} changes nothing: it has more than ${MOST_BYTES} bytes`);
      return undefined;
    }
    return { text: readFileSync(file, "utf8"), writtenSeconds: mtimeMs / 1000 };
  } catch (error) {
    if (!isMissing(error)) logger.error(error, `${file} cannot be read`);
    return undefined;
  }
}
