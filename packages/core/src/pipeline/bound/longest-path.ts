/**
 * Heads (seconds before the start) and tails (seconds after the end) of all operations, by longest path over what they wait
 * for: data, the operation before them in their chain, and memory. With room for K halves of an activation, the
 * (k+1)-th F of a stage needs 2(k+1) - K releases of that stage before it; so, in their order, I number k - ⌊K/2⌋ has ended
 * before F number k, and W number k + 1 - K too, since no more than k I's can have.
 *
 * Both sweeps start from what `heads` and `tails` hold already, and only raise it.
 */

import { messageChain, type Shop } from "./shop.ts";

export function raiseHeads(shop: Shop, heads: Float64Array): void {
  const { durationSeconds, gatherSeconds, halfUnits, microbatches, rankOf, stages, stride } = shop;
  for (let direction = 0; direction < microbatches.length; direction++) {
    const place = direction * stages;
    const count = microbatches[direction]!;
    for (let k = 0; k < count; k++) {
      let arrival = 0;
      for (let stage = 0; stage < stages; stage++) {
        const chain = 3 * (place + stage);
        const room = halfUnits[rankOf[place + stage]!]!;
        const seconds = durationSeconds[chain]!;
        const at = chain * stride + k;
        let head = Math.max(heads[at]!, arrival);
        if (k === 0) head = Math.max(head, gatherSeconds[stage]!);
        else head = Math.max(head, heads[at - 1]! + seconds);
        const input = k - (room >> 1);
        if (input >= 0)
          head = Math.max(head, heads[(chain + 1) * stride + input]! + durationSeconds[chain + 1]!);
        const weight = k + 1 - room;
        if (weight >= 0)
          head = Math.max(head, heads[(chain + 2) * stride + weight]! + durationSeconds[chain + 2]!);
        heads[at] = head;
        arrival = head + seconds;
        if (stage < stages - 1)
          arrival = send(shop, heads, messageChain(shop, direction, stage, 0), k, arrival);
      }
      for (let stage = stages - 1; stage >= 0; stage--) {
        // At the last stage the arrival is the end of its own forward; elsewhere that is earlier still.
        const chain = 3 * (place + stage) + 1;
        const seconds = durationSeconds[chain]!;
        const at = chain * stride + k;
        let head = Math.max(heads[at]!, arrival);
        if (k > 0) head = Math.max(head, heads[at - 1]! + seconds);
        heads[at] = head;
        arrival = head + seconds;
        let weight = Math.max(heads[at + stride]!, arrival);
        if (k > 0) weight = Math.max(weight, heads[at + stride - 1]! + durationSeconds[chain + 1]!);
        heads[at + stride] = weight;
        if (stage > 0) arrival = send(shop, heads, messageChain(shop, direction, stage, 1), k, arrival);
      }
    }
  }
}

/** When a message arrives that is ready at `ready`. */
function send(shop: Shop, heads: Float64Array, chain: number, k: number, ready: number): number {
  const seconds = shop.durationSeconds[chain]!;
  const at = chain * shop.stride + k;
  let head = Math.max(heads[at]!, ready);
  if (k > 0) head = Math.max(head, heads[at - 1]! + seconds);
  heads[at] = head;
  return head + seconds + shop.latencySeconds[chain]!;
}

export function raiseTails(shop: Shop, tails: Float64Array): void {
  const { durationSeconds, halfUnits, microbatches, rankOf, reduceSeconds, stages, stride } = shop;
  for (let direction = 0; direction < microbatches.length; direction++) {
    const place = direction * stages;
    const last = microbatches[direction]! - 1;
    for (let k = last; k >= 0; k--) {
      // Seconds from the end of I at this stage until everything behind its message has ended.
      let behind = 0;
      for (let stage = 0; stage < stages; stage++) {
        const chain = 3 * (place + stage);
        const room = halfUnits[rankOf[place + stage]!]!;
        const forwardSeconds = durationSeconds[chain]!;
        const at = chain * stride + k;
        const weightAt = at + 2 * stride;
        const weightSeconds = durationSeconds[chain + 2]!;
        let weight = tails[weightAt]!;
        if (k === last) weight = Math.max(weight, reduceSeconds[stage]!);
        else weight = Math.max(weight, tails[weightAt + 1]! + weightSeconds);
        if (k + room - 1 <= last) weight = Math.max(weight, tails[at + room - 1]! + forwardSeconds);
        tails[weightAt] = weight;
        const inputAt = at + stride;
        let input = Math.max(tails[inputAt]!, weight + weightSeconds);
        if (stage > 0)
          input = Math.max(
            input,
            sendBefore(shop, tails, messageChain(shop, direction, stage, 1), k, last, behind),
          );
        if (k < last) input = Math.max(input, tails[inputAt + 1]! + durationSeconds[chain + 1]!);
        if (k + (room >> 1) <= last) input = Math.max(input, tails[at + (room >> 1)]! + forwardSeconds);
        tails[inputAt] = input;
        behind = input + durationSeconds[chain + 1]!;
      }
      for (let stage = stages - 1; stage >= 0; stage--) {
        const chain = 3 * (place + stage);
        const at = chain * stride + k;
        let tail = Math.max(tails[at]!, tails[at + stride]! + durationSeconds[chain + 1]!);
        if (stage < stages - 1)
          tail = Math.max(
            tail,
            sendBefore(shop, tails, messageChain(shop, direction, stage, 0), k, last, behind),
          );
        if (k < last) tail = Math.max(tail, tails[at + 1]! + durationSeconds[chain]!);
        tails[at] = tail;
        behind = tail + durationSeconds[chain]!;
      }
    }
  }
}

/** Seconds from when a message is ready, `behind` of them after its arrival. */
function sendBefore(
  shop: Shop,
  tails: Float64Array,
  chain: number,
  k: number,
  last: number,
  behind: number,
): number {
  const seconds = shop.durationSeconds[chain]!;
  const at = chain * shop.stride + k;
  let tail = Math.max(tails[at]!, behind + shop.latencySeconds[chain]!);
  if (k < last) tail = Math.max(tail, tails[at + 1]! + seconds);
  else tail = Math.max(tail, shop.afterLastMessageSeconds[chain]!);
  tails[at] = tail;
  return tail + seconds;
}
