// The batch script, the same text for every launch: what differs between launches is in files of the launch's folder,
// which is the job's working directory. A launch is claimed by the first of its jobs that gets here, whatever made a
// second one (a submit whose answer was lost, a controller that forgot it had started the first): making a folder
// happens once, on network file systems, too.
//   claimed/job   the job that has it
//   cancelled     it was given up before it began
//   worker        path of the worker's archive
//   command       one word per line
//   environment   NAME=value per line, of programs that log training runs; may be missing
// Where a node does not have the folder, Slurm may start the script in /tmp, where anybody can lay out a command: files of
// another account are none of a launch's.
// Then the script becomes the supervisor: signals of Slurm reach it, and its exit code is the job's.
export const BATCH_SCRIPT = `#!/bin/sh
umask 077
if ! [ -O command ] || ! [ -O worker ]; then
  echo "job $SLURM_JOB_ID: $PWD holds no launch of this account; is the shared folder mounted here?" >&2
  exit 1
fi
if ! mkdir claimed; then
  echo "job $SLURM_JOB_ID: another job has this launch; nothing to do" >&2
  exit 75
fi
echo "$SLURM_JOB_ID" >claimed/job
if [ -e cancelled ]; then
  echo "job $SLURM_JOB_ID: cancelled before it began" >&2
  exit 75
fi
IFS= read -r PYTHONPATH <worker
export PYTHONPATH
if [ -O environment ]; then
  while IFS= read -r pair; do export "$pair"; done <environment
fi
set --
while IFS= read -r word; do set -- "$@" "$word"; done <command
exec "$@"
`;
