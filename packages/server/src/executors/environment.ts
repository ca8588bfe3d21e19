// What ranks get of the service's environment. On this machine all but its secrets: a launch must not be able to ask the
// service or its database in the service's name. On a cluster, whose jobs have an environment of their own, what programs
// that log training runs are set up with.
const SECRET = /^(?:BACE_|PG)/;
const OF_LOGGERS = /^(?:TENSORBOARD|WANDB)_[A-Z0-9_]+$/;

type Environment = Readonly<Record<string, string | undefined>>;

/** @param secrets names of others that are the service's alone */
export function localEnvironment(all: Environment, secrets: readonly string[]): Environment {
  const isSecret = (name: string) => SECRET.test(name) || secrets.includes(name);
  return Object.fromEntries(Object.entries(all).filter(([name]) => !isSecret(name)));
}

/** As lines `NAME=value`, which a shell exports as they are; a value of several lines cannot be one. */
export function loggerLines(all: Environment): string {
  return Object.entries(all)
    .filter(([name, value]) => OF_LOGGERS.test(name) && value !== undefined && !/[\n\0]/.test(value))
    .map(([name, value]) => `${name}=${value}\n`)
    .sort()
    .join("");
}
