// What ranks get of the service's environment. On this machine all but its secrets: a launch must not be able to ask the
// service or its database in the service's name. On a cluster, whose jobs have an environment of their own, what programs
// that log training runs are set up with.
const SECRET = /^(?:BACE_|PG)/;
const OF_LOGGERS = /^(?:TENSORBOARD|WANDB)_[A-Z0-9_]+$/;

type Environment = Readonly<Record<string, string | undefined>>;

export function localEnvironment(all: Environment): Environment {
  return Object.fromEntries(Object.entries(all).filter(([name]) => !SECRET.test(name)));
}

/** As lines `NAME=value`, which a shell exports as they are; a value of several lines cannot be one. */
export function loggerLines(all: Environment): string {
  return Object.entries(all)
    .filter(([name, value]) => OF_LOGGERS.test(name) && value !== undefined && !/[\n\0]/.test(value))
    .map(([name, value]) => `${name}=${value}\n`)
    .sort()
    .join("");
}
