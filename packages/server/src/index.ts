// Public API of the service: start it, find it, talk to it.
export type * from "./api/schemas/index.ts";
export { ApiError, type Client, createClient } from "./client.ts";
export { isAlive } from "./executors/process.ts";
export type { FeedsFile } from "./feeds/feeds.ts";
export { type Service, type ServiceOptions, startService } from "./main.ts";
export { START_ERRORS, StartError, type StartErrorCode } from "./start-error.ts";
export { findService, type ScenarioText, type ServiceFile } from "./state-folder.ts";
export {
  BACKUP_FORMAT,
  type Backup,
  BackupError,
  type BackupHeader,
  type LogPage,
  readBackup,
  writeBackup,
} from "./store/backup.ts";
export { openStore, type Store, type StorePlace } from "./store/open.ts";
export { type NamedState, namedState, type ReplayWatch, replay } from "./store/replay.ts";
export type { JobFile } from "./submission.ts";
export type { Turn } from "./terms.ts";
