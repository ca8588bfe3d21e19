// Words of command lines. Every word of every vector is looked at before anything runs: what is not of these characters
// is refused, so there is nothing that a shell could interpret, whoever has written it. Over ssh a shell does come in
// between: it gets the words joined by spaces. Operators of Slurm's constraints and formats are allowed as well, and
// quoted for that shell; since `'` is not among the characters, quoting is putting quotes around them.
const PLAIN = /^[A-Za-z0-9_./:+@%,-][A-Za-z0-9_./:+@%,=-]*$/;
const WITH_OPERATORS = /^[A-Za-z0-9_./:+@%,-][A-Za-z0-9_./:+@%,=&|()[\]*-]*$/;
const MOST_CHARACTERS = 2000;

/** The words themselves. Throws where one is not to be passed on. */
export function checkedWords(words: readonly string[]): readonly string[] {
  for (const word of words) {
    if (!WITH_OPERATORS.test(word) || word.length > MOST_CHARACTERS)
      throw new Error(`not a word for a command line: ${JSON.stringify(word).slice(0, 100)}`);
  }
  return words;
}

/** What the shell at the other end of ssh makes the same words of. */
export function wordsForRemoteShell(words: readonly string[]): readonly string[] {
  return checkedWords(words).map((word) => (PLAIN.test(word) ? word : `'${word}'`));
}
