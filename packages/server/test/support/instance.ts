// An instance of the service as a process of its own, to be killed: `node --import tsx instance.ts OPTIONS` with the
// options of startService as JSON.
import { startService } from "../../src/main.ts";

await startService(JSON.parse(process.argv[2]!));
