// From the profile that a job names to the work that core counts with; or why it is not of this job.
import type { MeasuredWork, PartSeconds } from "../cost/measured-work.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { GPU_TYPES } from "../fleet/gpu-types.ts";
import type { ModelShape } from "../model/index.ts";
import { type Diagnostic, nameHint, type Parsed } from "./diagnostic.ts";
import { type Profile, parseProfile } from "./profile.ts";
import type { FileReader } from "./reading.ts";
import type { JobInput } from "./schema.ts";
import type { FieldPath, Source } from "./source.ts";

/** Reads profiles by the path that a job names; each only once. */
export type ProfileReader = (
  path: string,
) => Parsed<Profile> | { readonly ok: "unread"; readonly problem: string; readonly hint: string };

export function profileReader(readFile: FileReader | undefined): ProfileReader {
  const known = new Map<string, ReturnType<ProfileReader>>();
  const read: ProfileReader = (path) => {
    const hint = "give the job in a file beside its profile, or leave profile out";
    const file = readFile?.(path) ?? { problem: `${path} cannot be read here`, hint };
    return "text" in file ? parseProfile(file.text, file.file) : { ok: "unread", ...file };
  };
  return (path) => {
    const profile = known.get(path) ?? read(path);
    known.set(path, profile);
    return profile;
  };
}

export interface Measured {
  readonly work: MeasuredWork;
  readonly overheadSeconds: number;
  readonly boundaryBytes: number;
}

interface Place {
  readonly fleet: Fleet;
  readonly source: Source;
  readonly path: FieldPath;
  readonly readProfile: ProfileReader;
}

/** What a job's profile says of it, or why it does not fit the job. */
export function measuredFor(
  input: JobInput,
  shape: ModelShape,
  { fleet, path, readProfile, source }: Place,
): Measured | Diagnostic | undefined {
  const file = input.profile;
  if (file === undefined) return undefined;
  const complain = (code: Diagnostic["code"], message: string, hint: string) =>
    source.diagnostic([...path, "profile"], code, message, hint);
  const read = readProfile(file);
  if (read.ok === "unread") return complain("file-not-read", read.problem, read.hint);
  if (!read.ok) return read.diagnostics[0]!;
  const profile = read.value;
  const other = differences(profile, input, shape);
  if (other.length > 0) {
    const message = `${file} is a profile of another training: ${other.join(", ")}`;
    return complain(
      "profile-mismatch",
      message,
      "measure this one with `bace profile`, or leave profile out",
    );
  }
  const types = new Map([...GPU_TYPES, ...fleet.regions.map(({ gpuType: own }) => [own.name, own] as const)]);
  const gpuType = types.get(profile.gpu);
  if (!gpuType) {
    const message = `${file} was measured on GPU type "${profile.gpu}", which this fleet does not have`;
    return complain("unknown-gpu-type", message, nameHint(profile.gpu, [...types.keys()]));
  }
  const part = secondsOf(input.recomputation === "full");
  const { boundaryBytes, embedding, head, layer, overheadSeconds } = profile;
  const { peakFlopsPerSecond } = gpuType;
  const parts = { embedding: part(embedding), layer: part(layer), head: part(head) };
  return { work: { kind: "measured", peakFlopsPerSecond, ...parts }, overheadSeconds, boundaryBytes };
}

/** Recomputation comes before the backward, or before the gradients of inputs. */
function secondsOf(recomputes: boolean) {
  return (part: Profile["layer"]): PartSeconds => {
    const { backwardSeconds, forwardSeconds, inputGradSeconds, updateSeconds, weightGradSeconds } = part;
    const again = recomputes ? part.recomputationSeconds : 0;
    return {
      ...{ forwardSeconds, weightGradSeconds, updateSeconds },
      backwardSeconds: backwardSeconds + again,
      inputGradSeconds: inputGradSeconds + again,
    };
  };
}

const SHAPE_FIELDS = [
  ...["hiddenSize", "layers", "attentionHeads", "keyValueHeads", "feedForwardSize", "vocabularySize"],
  ...["feedForward", "tiedEmbeddings", "learnedPositions"],
] as readonly (keyof ModelShape)[];

/** "microbatchSize 4, not 1" for each field in which profile and job differ. */
function differences(profile: Profile, input: JobInput, shape: ModelShape): string[] {
  const headSize = ({ attentionHeads, headSize: own, hiddenSize }: ModelShape) =>
    own ?? hiddenSize / attentionHeads;
  const measured = profile.model as ModelShape;
  const pairs: readonly (readonly [string, unknown, unknown])[] = [
    ...SHAPE_FIELDS.map((field) => [field, measured[field], shape[field]] as const),
    ["headSize", headSize(measured), headSize(shape)],
    ["sequenceLength", profile.sequenceLength, input.sequenceLength],
    ["microbatchSize", profile.microbatchSize, input.microbatchSize],
    ["dtype", profile.dtype, input.training?.dtype ?? profile.dtype],
  ];
  const shown = (value: unknown) => (value === undefined ? "none" : String(value));
  return pairs
    .filter(([, there, here]) => there !== here)
    .map(([field, there, here]) => `${field} ${shown(there)}, not ${shown(here)}`);
}
