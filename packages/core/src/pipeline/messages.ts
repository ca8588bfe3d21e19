/**
 * The messages of a schedule and the directed links they take.
 *
 * A link is a directed pair of ranks, whatever the stages and the direction of the pass: in a wave, forward
 * messages of one chunk and backward messages of the other share it. Messages are numbered link by link, in
 * the sender's order, which is the order in which they leave.
 */

export type Messages = {
  /** Message that the action waits for or releases, -1 for none. */
  readonly inbox: Int32Array;
  readonly outbox: Int32Array;
  readonly messageCount: number;
  readonly linkOfMessage: Int32Array;
  /** Action that releases the message, and the block that consumes it. */
  readonly senderOfMessage: Int32Array;
  readonly receiverOfMessage: Int32Array;
  readonly links: readonly { readonly fromRank: number; readonly toRank: number }[];
  /** Link by `fromRank * ranks + toRank`. */
  readonly linkOfPair: ReadonlyMap<number, number>;
  /** Messages of link l are `linkOffset[l]` (inclusive) to `linkOffset[l + 1]` (exclusive). */
  readonly linkOffset: Int32Array;
};

/**
 * `receiverOfSender[action]` is the block that consumes what the action releases, -1 if it releases nothing.
 */
export function numberMessages(
  ranks: number,
  rankOfAction: Int32Array,
  receiverOfSender: Int32Array,
): Messages {
  const actionCount = receiverOfSender.length;
  const links: { fromRank: number; toRank: number }[] = [];
  const sizes: number[] = [];
  const linkOfPair = new Map<number, number>();
  const linkOfSender = new Int32Array(actionCount).fill(-1);
  for (let sender = 0; sender < actionCount; sender++) {
    const receiver = receiverOfSender[sender]!;
    if (receiver < 0) continue;
    const fromRank = rankOfAction[sender]!;
    const toRank = rankOfAction[receiver]!;
    const pair = fromRank * ranks + toRank;
    let link = linkOfPair.get(pair);
    if (link === undefined) {
      link = links.push({ fromRank, toRank }) - 1;
      linkOfPair.set(pair, link);
      sizes.push(0);
    }
    linkOfSender[sender] = link;
    sizes[link]! += 1;
  }

  const linkOffset = new Int32Array(links.length + 1);
  for (let link = 0; link < links.length; link++) linkOffset[link + 1] = linkOffset[link]! + sizes[link]!;
  const messageCount = linkOffset[links.length]!;
  const next = linkOffset.slice();
  const inbox = new Int32Array(actionCount).fill(-1);
  const outbox = new Int32Array(actionCount).fill(-1);
  const linkOfMessage = new Int32Array(messageCount);
  const senderOfMessage = new Int32Array(messageCount);
  const receiverOfMessage = new Int32Array(messageCount);
  for (let sender = 0; sender < actionCount; sender++) {
    const link = linkOfSender[sender]!;
    if (link < 0) continue;
    const message = next[link]!++;
    const receiver = receiverOfSender[sender]!;
    outbox[sender] = message;
    inbox[receiver] = message;
    linkOfMessage[message] = link;
    senderOfMessage[message] = sender;
    receiverOfMessage[message] = receiver;
  }
  return {
    inbox,
    outbox,
    messageCount,
    linkOfMessage,
    senderOfMessage,
    receiverOfMessage,
    links,
    linkOfPair,
    linkOffset,
  };
}
